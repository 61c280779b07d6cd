"""Names of other code: every tensor of every model there and back, and against a list made by hand."""

import pytest

import lucid
from lucid import models, nn
from lucid.errors import CheckpointError
from lucid.models.dialects import Origin, origin, translated
from tests.models.hugging_face import hugging_face_to_lucid

PAIRS = [("pvt", "huggingface"), ("pvt_v2", "huggingface"), ("pvt_v2", "timm")]
COUNTS = {("pvt", "huggingface"): 177, ("pvt_v2", "huggingface"): 194, ("pvt_v2", "timm"): 178}


def state_of(family, **options):
    with nn.init.skipped():
        model = models.pvt_tiny(out_proj=True) if family == "pvt" else models.pvt_v2_b0(**options)
    return {name: lucid.full(x.shape, i, dtype=lucid.float32) for i, (name, x) in enumerate(model.state_dict().items())}


@pytest.mark.parametrize(("family", "dialect"), PAIRS)
def test_there_and_back(family, dialect):
    state = state_of(family)
    theirs = translated(state, family, "official", dialect)
    assert len(theirs) == COUNTS[family, dialect]
    assert origin(theirs) == Origin(family, dialect)
    assert origin(state) == Origin(family, "official")
    back = translated(theirs, family, dialect, "official")
    assert {name: (x.shape, x.tolist()) for name, x in back.items()} == {
        name: (x.shape, x.tolist()) for name, x in state.items()
    }


def test_between_two_others():
    state = state_of("pvt_v2", linear=True)
    timm = translated(state, "pvt_v2", "official", "timm")
    assert translated(translated(timm, "pvt_v2", "timm", "huggingface"), "pvt_v2", "huggingface", "timm").keys() == (
        timm.keys()
    )


def test_the_first_generation_beside_a_list_made_by_hand():
    theirs = translated(state_of("pvt"), "pvt", "official", "huggingface")
    assert list(hugging_face_to_lucid({name: x.numpy() for name, x in theirs.items()})) == list(state_of("pvt"))


NAMES = {
    "patch_embed1.proj.weight": ("patch_embed.proj.weight", "layers.0.patch_embedding.proj.weight"),
    "patch_embed3.norm.bias": ("stages.2.downsample.norm.bias", "layers.2.patch_embedding.layer_norm.bias"),
    "block3.1.norm1.bias": ("stages.2.blocks.1.norm1.bias", "layers.2.blocks.1.layer_norm_1.bias"),
    "block2.0.attn.q.weight": ("stages.1.blocks.0.attn.q.weight", "layers.1.blocks.0.attention.query.weight"),
    "block1.0.attn.sr.bias": ("stages.0.blocks.0.attn.sr.bias", "layers.0.blocks.0.attention.spatial_reduction.bias"),
    "block1.1.mlp.dwconv.dwconv.weight": (
        "stages.0.blocks.1.mlp.dwconv.weight",
        "layers.0.blocks.1.mlp.dwconv.dwconv.weight",
    ),
    "norm4.weight": ("stages.3.norm.weight", "layers.3.layer_norm.weight"),
}


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    timm, hugging_face = NAMES[name]
    hugging_face = f"pvt_v2.encoder.{hugging_face}"
    for dialect, theirs in (("timm", timm), ("huggingface", hugging_face)):
        assert list(translated({name: lucid.ones(2)}, "pvt_v2", "official", dialect)) == [theirs]
        assert list(translated({theirs: lucid.ones(2)}, "pvt_v2", dialect, "official")) == [name]


def test_keys_and_values_are_halves():
    x = lucid.arange(4)[:, None]
    halves = translated({"block1.0.attn.kv.weight": x}, "pvt_v2", "official", "huggingface")
    start = "pvt_v2.encoder.layers.0.blocks.0.attention"
    assert {name: y.tolist() for name, y in halves.items()} == {
        f"{start}.key.weight": [[0], [1]],
        f"{start}.value.weight": [[2], [3]],
    }
    turned = dict(reversed(halves.items()))
    joined = translated(turned, "pvt_v2", "huggingface", "official")
    assert joined["block1.0.attn.kv.weight"].tolist() == x.tolist()
    with pytest.raises(CheckpointError, match=r"half of block1\.0\.attn\.kv\.weight is missing"):
        translated({f"{start}.key.weight": x}, "pvt_v2", "huggingface", "official")
    with pytest.raises(CheckpointError, match=r"the halves of block1\.0\.attn\.kv\.weight have shapes"):
        translated({f"{start}.key.weight": x, f"{start}.value.weight": x[1:]}, "pvt_v2", "huggingface", "official")
    with pytest.raises(CheckpointError, match="wanted as many keys as values"):
        translated({"block1.0.attn.kv.weight": x[1:]}, "pvt_v2", "official", "huggingface")


def test_older_files_and_files_without_a_head():
    old = "encoder.block.0.1.attention.self.sr.weight"
    assert list(translated({old: lucid.ones(1)}, "pvt", "huggingface", "official")) == ["block1.1.attn.sr.weight"]
    assert origin(["encoder.layers.0.layer_norm.weight"]) == Origin("pvt_v2", "huggingface")


def test_what_nobody_knows():
    assert origin(["conv1.weight", "fc.bias"]) is None
    assert origin([]) is None
    odd = {"head.weight": lucid.ones(1), "extra": lucid.ones(1)}
    assert list(translated(odd, "pvt", "official", "huggingface")) == ["classifier.weight", "extra"]
    with pytest.raises(CheckpointError, match="pvt has no names in the dialect 'timm'; choose among official, hugging"):
        translated(odd, "pvt", "official", "timm")
