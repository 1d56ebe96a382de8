"""Embedding: reading a feature vector."""

from edgevision.inference.labels import Labels
from edgevision.inference.reader import Answer, Task, Values, Wanted
from edgevision.inference.tensors import Tensor
from edgevision.record import record


@record
class VectorReader:
    """Reads `output` [1, …, n] as one vector of real numbers."""

    output: Tensor
    task: Task = "embed"
    class_counts: tuple[int, ...] | None = None

    def read(self, values: Values, labels: Labels, wanted: Wanted) -> Answer:
        """The vector."""
        return Answer([], self.output.dequantize(values(self.output)).reshape(-1))
