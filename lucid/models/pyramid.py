"""What both generations of the Pyramid Vision Transformer share: stages of attention over ever smaller images.

Each stage cuts the image of the one before into patches, which become tokens, and lets blocks work on them: attention,
whose keys and values come from a still smaller image, and an MLP. `pvt.py` and `pvt_v2.py` say how each paper cuts,
what it attends to, and what it makes its scores of.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from operator import index
from typing import Any, ClassVar, SupportsIndex, TypeVar

from .. import nn
from ..errors import DTypeError, ShapeError
from ..nn import init
from ..tensor import Tensor
from .registry import configured

__all__ = ["Block", "PatchEmbed", "Pyramid", "PyramidConfig", "image", "in_one_op", "rising", "start_linear"]

P = TypeVar("P", bound="Pyramid")

# How small each number may be. No classes means features.
LEAST = {"num_classes": 0, "in_chans": 1, "patch_size": 1, "embed_dims": 1, "depths": 0, "num_heads": 1}
PER_STAGE = ("embed_dims", "depths", "num_heads", "sr_ratios", "mlp_ratios")


@dataclass(kw_only=True)
class PyramidConfig:
    """What makes one model differ from another in both generations; the lists have one number for each stage.

    The first stage cuts the image into patches every `patch_size` pixels, the others every 2. Drop path rates rise
    linearly from 0 at the first block to `drop_path_rate` at the last. `norm_eps` is for the norms of blocks and those
    after them, the others are for the norms of patches and of reduced images.

    Raises ValueError for values that do not fit each other.
    """

    num_classes: int = 1000
    embed_dims: Sequence[int] = (64, 128, 320, 512)
    depths: Sequence[int] = (2, 2, 2, 2)
    num_heads: Sequence[int] = (1, 2, 5, 8)
    sr_ratios: Sequence[float] = (8, 4, 2, 1)
    mlp_ratios: Sequence[float] = (8, 8, 4, 4)
    in_chans: int = 3
    patch_size: int = 4
    qkv_bias: bool = True
    drop_rate: float = 0.0
    attn_drop_rate: float = 0.0
    drop_path_rate: float = 0.0
    norm_eps: float = 1e-6
    patch_norm_eps: float = 1e-5
    sr_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        self.sr_ratios = [float(ratio) for ratio in self.sr_ratios]
        lengths = {}
        for name in PER_STAGE:
            setattr(self, name, list(getattr(self, name)))
            lengths[name] = len(getattr(self, name))
        if len(set(lengths.values())) != 1 or not self.depths:
            raise ValueError(f"{self.model}: got {lengths}; wanted as many numbers in each, one for each stage")
        for name, least in LEAST.items():
            value = getattr(self, name)
            numbers: list[Any] = value if isinstance(value, list) else [value]
            if not all(isinstance(n, SupportsIndex) and index(n) >= least for n in numbers):
                raise ValueError(f"{self.model}: {name}={value!r}; wanted whole numbers of at least {least}")

    @property
    def model(self) -> str:
        """The name of the class of models."""
        return type(self).__name__.removesuffix("Config")

    @property
    def strides(self) -> list[int]:
        """How many pixels of the image one token of each stage is high and wide."""
        return [self.patch_size * 2**i for i in range(len(self.depths))]

    @property
    def smallest(self) -> int:
        """The height and width of the smallest image from which each stage gets a token and a reduced one."""
        raise NotImplementedError

    def check_size(self, name: str, height: int, width: int) -> None:
        """Raise ShapeError for an image that is too small for some stage."""
        if min(height, width) < (least := self.smallest):
            raise ShapeError(
                f"{self.model}: {name} is {height} x {width}; wanted at least {least} x {least}; make images larger"
            )


class PatchEmbed(nn.Module):
    """Images (b, c, h, w) cut into patches, each of which becomes a token: (b, h' w', dim), h' and w'."""

    def __init__(self, in_chans: int, dim: int, size: int, stride: int, padding: int, eps: float) -> None:
        self.proj = nn.Conv2d(in_chans, dim, size, stride, padding)
        self.norm = nn.LayerNorm(dim, eps)

    def forward(self, x: Tensor) -> tuple[Tensor, int, int]:
        x = self.proj(x)
        return self.norm(x.flatten(2).mT), *x.shape[2:]


class Block(nn.Module):
    """x + attn(norm1(x)), and of that y, y + mlp(norm2(y)); in training, whole paths are dropped."""

    def __init__(self, dim: int, attn: nn.Module, mlp: nn.Module, eps: float, drop_path: float) -> None:
        self.norm1 = nn.LayerNorm(dim, eps)
        self.attn = attn
        self.norm2 = nn.LayerNorm(dim, eps)
        self.mlp = mlp
        self.drop_path = nn.DropPath(drop_path)

    def forward(self, x: Tensor, height: int, width: int) -> Tensor:
        x = x + self.drop_path(self.attn(self.norm1(x), height, width))
        return x + self.drop_path(self.mlp(self.norm2(x), height, width))


class Pyramid(nn.Module):
    """Images (b, in_chans, h, w) become scores (b, num_classes), or features if that is 0.

    A model is made from the fields of its CONFIG as keywords, or from a CONFIG. Its attributes are PARTS of each stage,
    under these names and its number from 1, and those that belong to all, which are AROUND.
    """

    FAMILY: ClassVar[str]  # of names, in the tables of dialects.py
    CONFIG: ClassVar[type[PyramidConfig]]
    PARTS: ClassVar[tuple[str, ...]]
    AROUND: ClassVar[tuple[str, ...]] = ()

    config: Any
    head: nn.Module
    frozen_stages: int = 0
    checkpointing: bool = False

    def __init__(self, config: PyramidConfig | None = None, /, **options: Any) -> None:
        name = type(self).__name__
        if config is not None and options:
            raise TypeError(f"{name}: got a config and also {', '.join(options)}; put them into the config")
        self.config = config or configured(name, self.CONFIG, **options)

    # --- Computing ---

    def stage(self, i: int, x: Tensor) -> tuple[Tensor, int, int]:
        """The tokens that stage i, from 0, makes of the image of the one before, and their height and width."""
        raise NotImplementedError

    def forward_features(self, x: Tensor) -> Tensor:
        """What the scores are made of: (b, embed_dims[-1])."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.forward_features(x))

    def forward_pyramid(self, x: Tensor, out_indices: Iterable[int] | None = None) -> list[Tensor]:
        """The images (b, embed_dims[i], h, w) that stages make, at strides of 4, 8, 16 and 32 pixels.

        `out_indices` are the stages wanted, from 0, or from the last if negative; all if None. Those after them do not
        run. Raises IndexError for a stage that is not there.
        """
        count = len(self.config.depths)
        wanted = list(range(count) if out_indices is None else out_indices)
        if not all(-count <= i < count for i in wanted):
            raise IndexError(f"forward_pyramid: out_indices={wanted}; there are {count} stages")
        wanted = [i % count for i in wanted]
        found = {}
        for i, (tokens, height, width) in zip(range(max(wanted, default=-1) + 1), self.stages(x)):
            if i in wanted:  # a class token comes before those of pixels
                found[i] = image(tokens[:, tokens.shape[1] - height * width :], height, width)
        return [found[i] for i in wanted]

    def stages(self, x: Tensor) -> Iterator[tuple[Tensor, int, int]]:
        """The tokens, height and width after each stage."""
        self._check(x)
        for i in range(len(self.config.depths)):
            tokens, height, width = self.stage(i, x)
            yield tokens, height, width
            if i + 1 < len(self.config.depths):
                x = image(tokens, height, width)

    def run_blocks(self, i: int, x: Tensor, height: int, width: int) -> Tensor:
        """What the blocks of stage i make of its tokens."""
        for block in getattr(self, f"block{i + 1}"):
            x = nn.checkpoint(block, x, height, width) if self.checkpointing else block(x, height, width)
        return x

    def _check(self, x: Tensor) -> None:
        name = type(self).__name__
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}: got {type(x).__name__}; wanted a Tensor, as lucid.asarray makes it")
        if x.ndim != 4 or x.shape[1] != self.config.in_chans:
            raise ShapeError(f"{name}: got images of shape {x.shape}; wanted (b, {self.config.in_chans}, h, w)")
        if not x.dtype.is_floating:
            raise DTypeError(
                f"{name}: got images of {x.dtype.name}; convert and normalise them, as with x.astype(lucid.float32)"
            )
        self.config.check_size("an image", *x.shape[2:])

    # --- Training parts of it ---

    def new_head(self) -> nn.Module:
        """A head for the number of classes."""
        dim, classes = self.config.embed_dims[-1], self.config.num_classes
        return nn.Linear(dim, classes) if classes else nn.Identity()

    def reset_classifier(self, num_classes: int) -> None:
        """Put a new head on, for another number of classes; 0 takes it off, so that forward gives features."""
        self.config = replace(self.config, num_classes=num_classes)
        like = self.patch_embed1.proj.weight  # type: ignore[attr-defined]
        self.head = self.new_head().apply(start_linear).to(like.device, like.dtype).train(self.training)

    def set_grad_checkpointing(self: P, enable: bool = True) -> P:
        """Keep of each block its input alone for the backward pass, and compute it again there: a training step needs
        less memory and a third more time. Returns the model.
        """
        self.checkpointing = enable
        return self

    def freeze_stages(self: P, count: int) -> P:
        """Keep the first `count` stages as they are: no gradients for their parameters, and eval mode for good.

        With all stages goes what stands around them, so that the head alone learns. A smaller count frees stages
        again. Returns the model. Raises ValueError for more stages than there are.

        >>> from lucid import models
        >>> model = models.pvt_v2_b0(depths=[1, 1, 1, 1]).freeze_stages(4)
        >>> [name for name, p in model.named_parameters() if p.requires_grad]
        ['head.weight', 'head.bias']
        """
        if not 0 <= count <= len(self.config.depths):
            raise ValueError(f"freeze_stages: got {count}; there are {len(self.config.depths)} stages")
        self.frozen_stages = count
        for i in range(len(self.config.depths)):
            for part in self._parts(i):
                part.requires_grad_(i >= count)
        return self.train(self.training)

    def train(self: P, mode: bool = True) -> P:
        """Set train mode, or eval mode for False; stages that are frozen stay in eval mode."""
        super().train(mode)
        for i in range(self.frozen_stages):
            for part in self._parts(i):
                if isinstance(part, nn.Module):
                    part.eval()
        return self

    def _parts(self, i: int) -> list[Any]:
        """The modules and parameters of a stage."""
        names = [f"{name}{i + 1}" for name in self.PARTS]
        return [getattr(self, name) for name in (*names, *(self.AROUND if i + 1 == len(self.config.depths) else ()))]

    def no_weight_decay(self) -> set[str]:
        """The names of parameters that weight decay should leave alone."""
        return set()

    def extra_repr(self) -> str:
        return ", ".join(f"{field.name}={getattr(self.config, field.name)!r}" for field in fields(self.config))


def image(tokens: Tensor, height: int, width: int) -> Tensor:
    """Tokens (b, h w, c) as an image (b, c, h, w)."""
    return tokens.reshape((tokens.shape[0], height, width, tokens.shape[2])).permute_dims((0, 3, 1, 2))


def in_one_op(mlp: Any, kinds: dict[str, type[nn.Module]]) -> bool:
    """Whether one op computes what an MLP does: its layers are of these kinds still, nobody watches them, and nothing
    is dropped.
    """
    layers = [getattr(mlp, name) for name in kinds]
    usual = all(type(layer) is kind and not layer.is_hooked for layer, kind in zip(layers, kinds.values()))
    return usual and mlp.act.approximate == "none" and not (mlp.drop.p and mlp.drop.training)


def rising(rate: float, count: int) -> list[float]:
    """`count` numbers that rise linearly from 0 to `rate`."""
    return [rate * i / max(count - 1, 1) for i in range(count)]


def start_linear(module: nn.Module) -> None:
    """Truncated normals for the weights of Linear, zeros for its bias."""
    if isinstance(module, nn.Linear):
        init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            init.zeros_(module.bias)
