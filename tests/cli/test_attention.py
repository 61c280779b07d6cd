"""`lucid attention`: what the picture and the page show is the model's attention, also where the pointer is."""

import base64
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lucid
from lucid import models
from lucid.cli.attention import page
from lucid.cli.attention_maps import Attention, attentions
from tests.cli.calling import call, fails

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture
def model() -> models.PVT:
    lucid.random.seed(0)
    made = models.PVT(img_size=32, embed_dims=(8, 16), depths=(1, 2), num_heads=(2, 4), sr_ratios=(2, 1),
                      mlp_ratios=(1, 1)).eval()  # fmt: skip
    for layer in (made.block1[0].attn, made.block2[1].attn):
        layer.q.weight.become(layer.q.weight.detach() * 50)  # far from even
    return made


@pytest.fixture
def image() -> lucid.Tensor:
    return lucid.random.uniform((3, 32, 32), generator=lucid.random.Generator(1))


def test_it_is_the_attention_of_the_place(model: models.PVT, image: lucid.Tensor) -> None:
    """Computed once more here from the inputs of the last blocks, by NumPy."""
    inputs: list[Any] = []
    layers = [model.block1[0].attn, model.block2[1].attn]
    for layer in layers:
        layer.register_forward_pre_hook(lambda _, given: inputs.append(given))
    found = attentions(model, image)
    assert [(a.tokens, a.cells, a.others) for a in found] == [((8, 8), (4, 4), 0), ((4, 4), (4, 4), 1)]
    for attention, layer, (x, height, width), heads in zip(found, layers, inputs, (2, 4)):
        keys = x if attention.others else layer._reduced(x, height, width)
        q, k = layer.q(x)[0].detach().numpy(), layer.kv(keys)[0].detach().numpy()[:, : x.shape[2]]
        query = attention.others + height // 4 * width + width // 2  # a quarter down, in the middle
        rows = []
        for part in np.split(np.arange(x.shape[2]), heads):
            scores = q[query, part] @ k[:, part].T / len(part) ** 0.5
            rows.append((np.exp(scores) / np.exp(scores).sum())[attention.others :])
        for head in (None, 1):
            expected = np.mean(rows, axis=0) if head is None else rows[head]
            look = attention.look(0.5, 0.25, head)
            np.testing.assert_allclose(look.numpy(), expected.reshape(attention.cells), rtol=1e-4)
        assert np.ptp(rows) > 0.01


@pytest.mark.parametrize("linear", [False, True])
def test_the_second_generation(image: lucid.Tensor, linear: bool) -> None:
    """No class token; linear attention sees 7 x 7 cells in every stage, however few tokens there are."""
    lucid.random.seed(0)
    made = models.PVTv2(embed_dims=(8, 16), depths=(1, 1), num_heads=(1, 2), sr_ratios=(2, 1), mlp_ratios=(1, 1),
                        linear=linear).eval()  # fmt: skip
    inputs: list[Any] = []
    layers = [made.block1[0].attn, made.block2[0].attn]
    for layer in layers:
        layer.q.weight.become(layer.q.weight.detach() * 50)
        layer.register_forward_pre_hook(lambda _, given: inputs.append(given))
    found = attentions(made, image)
    cells = [(7, 7), (7, 7)] if linear else [(4, 4), (4, 4)]
    assert [(a.tokens, a.cells, a.others) for a in found] == [((8, 8), cells[0], 0), ((4, 4), cells[1], 0)]
    for attention, layer, (x, height, width), heads in zip(found, layers, inputs, (1, 2)):
        keys = layer._reduced(x, height, width) if linear or heads == 1 else x
        q, k = layer.q(x)[0].detach().numpy(), layer.kv(keys)[0].detach().numpy()[:, : x.shape[2]]
        part = np.split(np.arange(x.shape[2]), heads)[-1]
        scores = q[height // 4 * width + width // 2, part] @ k[:, part].T / len(part) ** 0.5
        expected = np.exp(scores) / np.exp(scores).sum()
        assert np.ptp(expected) > 0.001
        look = attention.look(0.5, 0.25, heads - 1)
        np.testing.assert_allclose(look.numpy(), expected.reshape(attention.cells), rtol=1e-4)


@pytest.mark.parametrize(("name", "cells"), [("pvt_v2_b0", 2), ("pvt_v2_b2_li", 7)])
def test_the_command_with_the_second_generation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, cells: int
) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    command = ["attention", tmp_path / "red.png", "--image-size", 64, "--device", "cpu", "--output", tmp_path, "--json"]
    result = json.loads(call(capsys, *command, "--model", name, "--stage", 2).out)
    assert np.shape(result["attention"]) == (cells, cells)
    assert np.sum(result["attention"]) == pytest.approx(1, rel=1e-5)
    assert [stage["others"] for stage in data_of(Path(result["page"]).read_text(encoding="utf-8"))["stages"]] == [0] * 4


def test_other_blocks(model: models.PVT, image: lucid.Tensor) -> None:
    usual, first, second = (attentions(model, image, blocks) for blocks in ({}, {1: 0}, {1: 1}))
    assert (first[1].weights != usual[1].weights).any()
    assert (second[1].weights == usual[1].weights).all()
    assert (first[0].weights == usual[0].weights).all()


@pytest.mark.parametrize(("place", "token"), [((0, 0), (0, 0)), ((1, 1), (5, 7)), ((0.5, 0.999), (5, 4))])
def test_tokens(place: tuple[float, float], token: tuple[int, int]) -> None:
    assert Attention(lucid.zeros((1, 48, 4)), (6, 8), (2, 2), 0).token(*place) == token


def data_of(text: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def test_the_page_holds_all_that_it_needs(model: models.PVT, image: lucid.Tensor) -> None:
    found = attentions(model, image)
    text = page(image, found, "</script><b>", 1, 2, (0.25, 0.75))
    assert not re.search(r"(src|href)=|url\(|https?:|import\b|fetch", text.replace("picture.src", ""))
    data = data_of(text)
    assert {key: data[key] for key in ("about", "stage", "head", "query")} == {
        "about": "</script><b>", "stage": 1, "head": 2, "query": [0.25, 0.75],
    }  # fmt: skip
    with Image.open(io.BytesIO(base64.b64decode(data["picture"]))) as picture:
        np.testing.assert_allclose(np.asarray(picture).transpose(2, 0, 1) / 255, image.numpy(), atol=0.5 / 255 + 1e-6)
    for stage, attention in zip(data["stages"], found, strict=True):
        heads, queries, keys = attention.weights.shape
        assert (stage["heads"], stage["others"]) == (heads, attention.others)
        assert (stage["tokens"], stage["cells"]) == (list(attention.tokens), list(attention.cells))
        largest = np.frombuffer(base64.b64decode(stage["largest"]), np.float32).reshape(heads, queries, 1)
        levels = np.frombuffer(base64.b64decode(stage["weights"]), np.uint8).reshape(heads, queries, keys)
        expected = attention.weights.numpy()
        np.testing.assert_array_equal(largest, expected.max(axis=-1, keepdims=True))
        np.testing.assert_allclose(levels / 255 * largest, expected, atol=0.51 / 255)


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_the_pointer_chooses(model: models.PVT, image: lucid.Tensor, tmp_path: Path) -> None:
    found = attentions(model, image)
    moves = """
      <script>addEventListener("load", () => setTimeout(() => {
        const told = [], note = () => told.push(document.getElementById("reads").textContent);
        const box = canvas.getBoundingClientRect();
        const at = (x, y) => ({ clientX: box.left + x * box.width, clientY: box.top + y * box.height });
        const press = (id, name) =>
          [...document.querySelectorAll(`#${id} button`)].find(button => button.textContent === name).click();
        note();
        canvas.dispatchEvent(new PointerEvent("pointermove", at(0.9, 0.2))); note();
        press("heads", "2"); note();
        canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown" })); note();
        press("stages", "2"); press("heads", "all"); note();
        press("queries", "the class token"); note();
        document.title = JSON.stringify(told);
      }, 100));</script>"""
    (tmp_path / "page.html").write_text(page(image, found, "here", 0, None, (0.5, 0.5)) + moves, encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    places = [f"--user-data-dir={tmp_path / 'user'}", "--virtual-time-budget=5000", "--dump-dom"]
    command = [str(BROWSER), *flags.split(), *places, (tmp_path / "page.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    (told,) = re.findall(r"<title>(.*?)</title>", done.stdout)

    def expected(stage: int, row: int, column: int, head: int | None) -> tuple[str, str]:
        height, width = found[stage].tokens
        look = found[stage].look((column + 0.5) / width, (row + 0.5) / height, head).numpy()
        best = np.unravel_index(look.argmax(), look.shape)
        where = f"goes to row {best[0] + 1}, column {best[1] + 1}"
        return f"The token in row {row + 1}, column {column + 1} of {height} × {width} reads", where

    wanted = [expected(0, 4, 4, None), expected(0, 1, 7, None), expected(0, 1, 7, 1), expected(0, 2, 7, 1)]
    wanted.append(expected(1, 1, 3, None))
    wanted.append(("The class token reads 4 × 4 cells", "The class token gets"))
    lines = json.loads(told)
    assert len(lines) == len(wanted)
    for line, texts in zip(lines, wanted):
        for text in texts:
            assert text in line


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    command = ["attention", tmp_path / "noise.png", "--image-size", 64, "--device", "cpu", "--output", tmp_path / "out"]
    called = call(capsys, *command, "--stage", 3, "--head", 2, "--query", 63, 0, "--json")
    assert (called.code, called.err) == (0, "")
    result = json.loads(called.out)
    assert (result["stage"], result["head"], result["token"]) == (3, 2, [0, 3])
    assert np.shape(result["attention"]) == (2, 2)
    assert result["weights"] == "RANDOM weights (seed 0)"
    with Image.open(result["picture"]) as picture:
        assert picture.width > picture.height
    data = data_of(Path(result["page"]).read_text(encoding="utf-8"))
    assert (data["stage"], data["head"], len(data["stages"])) == (2, 1, 4)
    assert "RANDOM weights" in data["about"]

    called = call(capsys, *command)
    assert "In stage 1 (mean over the heads) the token in row 9, column 9 of 16 x 16 reads 2 x 2 cells" in called.out
    fails(capsys, 2, "lucid attention: there is no stage 5; choose 1 to 4; see lucid", *command, "--stage", 5)
    fails(capsys, 2, "there is no head 2; choose 1 to 1", *command, "--head", 2)
    fails(capsys, 2, "there is no block 3; choose 1 to 2", *command, "--block", 3)
    fails(capsys, 2, "--query 64: the picture has pixels 0 to 63", *command, "--query", 64, 0)
    fails(capsys, 1, "no.png: there is no such file", "attention", tmp_path / "no.png")
