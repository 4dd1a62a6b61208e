import io
import os
import threading
from pathlib import Path

import pytest

from tapip_rs.shell.errors import Failed, OutputClosed
from tapip_rs.shell.stop import Stop
from tapip_rs.shell.streams import Input, Output


@pytest.fixture
def pipe():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", buffering=0) as writer:
        yield reader, writer


def test_lines_and_then_the_rest(pipe):
    reader, writer = pipe
    writer.write(b"snc -c 10.0.0.2:1\nraw\n\x00\xffbytes")
    writer.close()
    source = Input(reader)
    assert source.line() == "snc -c 10.0.0.2:1"
    assert source.block() == b"raw\n\x00\xffbytes"
    assert source.block() == b""
    assert source.line() is None


def test_a_last_line_without_newline_counts():
    source = Input(io.BytesIO(b"a\n\nb"))
    assert [source.line() for _ in range(4)] == ["a", "", "b", None]


def test_a_line_that_is_no_text_is_kept():
    assert Input(io.BytesIO(b"\xff\n")).line() == "\udcff"


def test_block_ends_when_stop_is_said(pipe):
    reader, _ = pipe
    stop = Stop()
    timer = threading.Timer(0.05, stop.say)
    timer.start()
    assert Input(reader).block(stop=stop) == b""
    timer.join()
    stop.close()


def test_bulk_passes_unchanged(pipe):
    reader, writer = pipe
    data = os.urandom(1 << 20)

    def feed():
        writer.write(b"first\n")
        view = memoryview(data)
        while view:
            view = view[writer.write(view) :]
        writer.close()

    thread = threading.Thread(target=feed)
    thread.start()
    source = Input(reader)
    assert source.line() == "first"
    blocks = []
    while block := source.block(65536):
        blocks.append(block)
    thread.join()
    assert b"".join(blocks) == data


@pytest.mark.parametrize("make", [io.BytesIO, io.StringIO, lambda: io.TextIOWrapper(io.BytesIO(), "utf-8")])
def test_output_to_memory(make):
    stream = make()
    output = Output(stream)
    output.line("zwölf")
    output.write(b"bytes")
    stream.flush()
    if isinstance(stream, io.TextIOWrapper):
        stream = stream.buffer
    value = stream.getvalue()
    assert (value if isinstance(value, str) else value.decode()) == "zwölf\nbytes"


def test_output_keeps_the_order_with_what_was_buffered_before(pipe):
    reader, writer = pipe
    text = io.TextIOWrapper(io.BufferedWriter(io.FileIO(os.dup(writer.fileno()), "w")), "utf-8")
    text.write("before ")
    Output(text).text("after")
    assert os.read(reader.fileno(), 100) == b"before after"
    text.close()


def test_nobody_reads(pipe):
    reader, writer = pipe
    output = Output(writer)
    reader.close()
    with pytest.raises(OutputClosed):
        output.line("x")


def test_a_full_disk():
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(Failed, match="No space left"):
        Output(full).line("x")
