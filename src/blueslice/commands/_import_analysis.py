"""The dF/F of an imported run, as of a live one."""

from collections.abc import Sequence

from blueslice.callbacks._derived_run import DerivedRun
from blueslice.callbacks._live_run import LiveOptions, LiveRun
from blueslice.commands._imported_run import Document
from blueslice.commands._recorded_file import RecordedFile
from blueslice.devices.taps import TrialBegin, TrialBlock, TrialEnd
from blueslice.recordings.import_description import ImportDescription

__all__ = ["derived_documents"]


def derived_documents(
    file: RecordedFile, documents: Sequence[Document], description: ImportDescription
) -> list[Document]:
    """Analyse an imported run as a live one; empty for a run without pictures.

    Parameters
    ----------
    file : RecordedFile
        What was imported.
    documents : sequence of (name, document)
        Of its run.
    description : ImportDescription
        Which may name ROIs.
    """
    if "leds" not in file.metadata:
        return []
    out: list[Document] = []
    rois = description.parsed_rois()
    derived = DerivedRun(lambda name, doc: out.append((name, dict(doc))), file.uid)
    run = LiveRun(
        file.start,
        LiveOptions(rois=rois or None),
        "camera",
        "amplifier",
        lambda result: derived.add_trial(result, run.reference_trial),
        None,
    )
    events = [(stream.device, stream) for stream in file.streams if stream.stream == "primary"]
    for name, doc in documents:
        if name in ("descriptor", "stream_resource"):
            run.take_document(name, doc)
    for device, stream in events:
        whole = {
            spec.name: stream.trials[0][spec.name] for spec in stream.specs if not spec.per_frame
        }
        run.take_event(device, TrialBegin(0, stream.frame_count, whole))
    for device, stream in events:
        arrays = {spec.name: stream.trials[0][spec.name] for spec in stream.specs if spec.per_frame}
        run.take_event(device, TrialBlock(0, 0, arrays))
    for device, stream in events:
        run.take_event(device, TrialEnd(0, stream.frame_count, torn=False))
    for name, doc in documents:
        if name == "stream_datum":
            run.take_document(name, doc)
    run.finish("success")
    derived.close("success")
    return out
