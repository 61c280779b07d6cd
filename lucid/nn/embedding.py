"""Embeddings: vectors that whole numbers stand for, learnt."""

from typing import Any, TypeVar

from ..errors import ShapeError
from ..ops.arguments import tensor, whole
from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional, init
from .functional.lookup import padding_row
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]

E = TypeVar("E", bound="Embedding")


class Embedding(Module):
    """The rows of `weight` (num_embeddings, embedding_dim) that whole numbers x name: (*x.shape, embedding_dim).

    Rows start with normal numbers; the row `padding_idx` with zeros, and it gets no gradient. With `max_norm`, rows
    that are read and have a larger norm, of the order `norm_type`, are first scaled down to it. Raises ValueError for a
    padding_idx that is not there, IndexError for a number that has no row.

    >>> import lucid
    >>> Embedding(10, 3)(lucid.asarray([[1, 2], [4, 9]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
    ) -> None:
        name = type(self).__name__
        self.num_embeddings = whole(name, num_embeddings, "num_embeddings")
        self.embedding_dim = whole(name, embedding_dim, "embedding_dim")
        self.padding_idx = None if padding_idx is None else padding_row(name, padding_idx, self.num_embeddings)
        self.max_norm, self.norm_type = max_norm, norm_type
        self.weight = Parameter(zeros((self.num_embeddings, self.embedding_dim)))
        self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls: type[E], embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, **options: Any
    ) -> E:
        """A module with the rows `embeddings` (n, d), which are not learnt if `freeze`; options are those of the class.

        Raises ShapeError for anything but rows.

        >>> import lucid
        >>> Embedding.from_pretrained(lucid.asarray([[1.0, 2.0], [3.0, 4.0]]))(lucid.asarray(1)).tolist()
        [3.0, 4.0]
        """
        if tensor(f"{cls.__name__}.from_pretrained", embeddings, "embeddings").ndim != 2:
            raise ShapeError(f"{cls.__name__}.from_pretrained: embeddings have shape {embeddings.shape}; wanted (n, d)")
        with init.skipped():
            n, d = embeddings.shape
            module = cls(n, d, padding_idx=padding_idx, **options)
        module.weight = Parameter(embeddings.detach(), requires_grad=not freeze)
        return module

    def reset_parameters(self) -> None:
        """Draw the rows anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            kept = self.weight.detach().clone()
            kept[self.padding_idx] = 0.0
            self.weight.become(kept)

    def forward(self, x: Tensor) -> Tensor:
        return functional.embedding(x, self.weight, self.padding_idx, self.max_norm, self.norm_type)

    def extra_repr(self) -> str:
        options = {"padding_idx": self.padding_idx, "max_norm": self.max_norm}
        told = "".join(f", {name}={value}" for name, value in options.items() if value is not None)
        return f"{self.num_embeddings}, {self.embedding_dim}{told}"


class EmbeddingBag(Embedding):
    """The mean, sum or maximum (`mode`) of the rows that each bag of numbers names: see `functional.embedding_bag`.

    >>> import lucid
    >>> EmbeddingBag(10, 3)(lucid.asarray([1, 2, 4]), lucid.asarray([0, 2])).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx)
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, x: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        return functional.embedding_bag(
            x, self.weight, offsets, self.mode, per_sample_weights, self.include_last_offset, self.padding_idx
        )

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, mode={self.mode!r}"
