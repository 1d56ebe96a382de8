"""What is inside a .tflite file, read from the file itself: nothing in it is run."""
