"""What the demo says of documents that the worker could not embed."""

from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from examples.library import worker_process
from examples.library.demo import demo
from examples.library.display import Display
from examples.library.documents import Collection, Document

FUSSY_HANDLERS = """
from examples.library import agents
from examples.library.contracts import Embedded, EmbedDocument
from toril.worker import Handlers, JobContext, Unrecoverable

handlers = Handlers()

@handlers.handles(EmbedDocument)
async def embed(job: EmbedDocument, context: JobContext) -> Embedded:
    if job.path == "bull.md":
        raise Unrecoverable("the bull does not fit through the gate")
    return await agents.embed_document(job, context)
"""


async def test_a_failed_document_is_named_with_its_reason_and_the_others_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "fussy.py").write_text(FUSSY_HANDLERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(worker_process, "COMMAND", ("toril", "worker", "fussy:handlers"))
    output = StringIO()
    console = Console(file=output, width=200)
    collection = Collection([Document("bull.md", "A bull."), Document("gate.md", "A gate.")], Counter())

    exit_code = await demo(collection, ["Which way in?"], Display(console, console))

    assert exit_code == 1
    assert "Failed  bull.md: " in output.getvalue()
    assert "the bull does not fit through the gate" in output.getvalue()
    assert "gate.md:1-1" in output.getvalue()
