"""`edgevision models inspect`."""

import json
from pathlib import Path

from rich.console import Console

from edgevision.cli.text_table import TextTable, printable, show_facts, show_table
from edgevision.modeltools.inspection.edgetpu import EdgeTpu
from edgevision.modeltools.inspection.graph import FileTensor
from edgevision.modeltools.inspection.report import Report, Standard, inspect_file, to_json
from edgevision.modeltools.inspection.task import LabelsFound


def inspect_model(path: Path, *, as_json: bool) -> None:
    """Print what is in the file. Raises ModelError when it isn't a model, is damaged, or the schema is missing."""
    report = inspect_file(path)
    if as_json:
        print(json.dumps(to_json(report), allow_nan=False))
        return
    console = Console(highlight=False)
    show_facts(console, [(name, printable(fact)) for name, fact in facts_of(report)])
    for table in (_operators(report), _shares(report), _layers(report)):
        if table.rows:
            show_table(console, table)


def facts_of(report: Report) -> list[tuple[str, str]]:
    """The summary: what each line is about, and what it says."""
    about = report.description
    told = {
        "name": " ".join(part for part in (about.name, about.version and f"(version {about.version})") if part),
        "description": about.text,
        "author": about.author,
        "licence": about.licence,
        "converter": about.converter,
    }
    family = report.family
    lines = [
        ("file", f"{report.path}, {report.bytes:,} bytes"),
        ("sha256", report.sha256),
        *((name, text) for name, text in told.items() if text),
        ("task", f"{report.task.task}: {report.task.how}"),
    ]
    if family is not None:
        resolution = "" if family.resolution is None else f", resolution multiplier {family.resolution:g}"
        lines.append(("network", f"{family.name}, width multiplier {family.width:g}{resolution}"))
    lines += [("input", _tensor(tensor)) for tensor in report.inputs]
    lines += [("output", _tensor(tensor)) for tensor in report.outputs]
    if report.labels is not None:
        lines.append(("labels", _labels(report.labels)))
    if report.layers:
        lines += [
            ("weights", report.weights),
            ("parameters", f"{report.parameters:,} ({report.parameters / 1e6:.2f} million)"),
            ("macs", _macs(report)),
        ]
    if report.standard is not None:
        lines.append(("standard", _standard(report.standard)))
    lines.append(("memory", f"at least {report.activation_bytes / 1024:,.0f} KiB for what flows between the operators"))
    if report.subgraphs > 1:
        lines.append(("graphs", f"{report.subgraphs}; looked at is the first, which calls the others"))
    first, *more = _edge_tpu(report.edge_tpu)
    return [*lines, ("Edge TPU", first), *(("", text) for text in more)]


def _macs(report: Report) -> str:
    uncounted = f", without {report.uncounted} layers whose shapes aren't in the file" if report.uncounted else ""
    return f"{report.macs:,} ({report.macs / 1e6:.1f} million) multiply-accumulates{uncounted}"


def _tensor(tensor: FileTensor) -> str:
    shape = "x".join(map(str, tensor.shape)) if tensor.shape else "shape known when it runs,"
    text = f"{tensor.name or '(no name)'}: {shape} {tensor.dtype}"
    if tensor.dynamic:
        text += ", a side left open"
    quantization = tensor.quantization
    if quantization is None:
        return text
    if quantization.per_channel:
        return f"{text}, {len(quantization.scales)} scales, one a slice of dimension {quantization.axis}"
    return f"{text}, scale {quantization.scales[0]:g}, zero point {quantization.zero_points[0]}"


def _labels(labels: LabelsFound) -> str:
    if labels.where is None:
        return labels.problem or "none"
    first = "; ".join(label or "(no name)" for label in labels.first)
    more = "; …" if labels.count > len(labels.first) else ""
    return f"{labels.count} {labels.where} the file: {first}{more}"


def _standard(standard: Standard) -> str:
    least, most = standard.law
    return (
        f"{standard.parameters:,} parameters and {standard.macs:,} macs if its {standard.separable_convolutions}"
        f" depthwise separable convolutions were standard ones, which take {standard.saving:.1f} times as many macs"
        f" (1/N + 1/Dk² is {least:.3f} to {most:.3f})"
    )


def _edge_tpu(found: EdgeTpu) -> list[str]:
    if found.compiled:
        left = ", ".join(f"{name} ({count})" for name, count in found.cpu_operators.items()) or "none"
        return [
            f"compiled for it, and runs only with one; operators left to the CPU: {left}",
            "what the compiler took shows in the model that it was compiled from: its layers, parameters and macs",
        ]
    fit = (
        "" if found.weights_fit else "; its weights are more than the 8 MB that an Edge TPU holds: it would run slower"
    )
    if not found.needs:
        return [f"not compiled for it; nothing found that would keep the compiler from it{fit}"]
    return [f"not compiled for it; it would need, to be compiled{fit}:", *(f"- {need}" for need in found.needs)]


def _operators(report: Report) -> TextTable:
    rows = [
        (printable(name), str(count), "custom" if name in report.custom_operators else "")
        for name, count in report.operators.items()
    ]
    return TextTable("Operators", ("operator", "count", ""), rows, frozenset({"count"}))


def _shares(report: Report) -> TextTable:
    rows = [
        (
            share.kind,
            str(share.layers),
            f"{share.parameters:,}",
            f"{share.parameters_fraction:.1%}",
            f"{share.macs:,}",
            f"{share.macs_fraction:.1%}",
        )
        for share in report.shares
    ]
    headers = ("layers that are", "layers", "parameters", "of all", "macs", "of all ")
    return TextTable("Cost by kind of layer", headers, rows, frozenset(headers[1:]))


def _layers(report: Report) -> TextTable:
    rows = [
        (
            str(layer.operator),
            layer.kind,
            "x".join(map(str, layer.kernel or ())),
            "x".join(map(str, layer.shape)),
            f"{layer.parameters:,}",
            f"{layer.macs:,}",
            f"{layer.macs / max(report.macs, 1):.1%}",
            # The converter strings the names of all it has fused together.
            printable(layer.name.split(";")[0]),
        )
        for layer in report.layers
    ]
    headers = ("no.", "kind", "kernel", "output", "parameters", "macs", "of all", "name")
    numbers = frozenset({"no.", "parameters", "macs", "of all"})
    return TextTable("Layers with weights", headers, rows, numbers, wide="name")
