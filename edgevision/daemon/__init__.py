"""The pipeline of threads: starts, supervises, stops. The one room that knows all."""
