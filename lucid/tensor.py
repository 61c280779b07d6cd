"""Tensor: a handle on an array of one device, and on the node that recorded how it came about.

Arrays are never written to. An in-place operation computes a new array and points this handle, and no other, at it; so
a tensor is a value, nothing is a view, and what autograd kept stays what it was.

Operators, and the methods that are ops, are put on the class by `lucid.ops.methods`.
"""

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from . import devices
from .autograd.graph import Handle, Leaf, Node
from .backends import backend_of
from .devices import Device
from .dtypes import BOOL, COMPLEX, SIGNED, UNSIGNED, DType
from .errors import DeviceError, DTypeError, GradientError, ShapeError
from .spellings import hint

__all__ = ["Tensor"]

ARRAY_API_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")
VALUES = frozenset((bool, int, float, complex, list))  # what is no array yet; ops say the dtype, and are not asked
PYTHON_TYPE: dict[str, type] = {BOOL: bool, SIGNED: int, UNSIGNED: int, COMPLEX: complex}


class Tensor:
    """A multi-dimensional array on a device, made by functions such as `lucid.asarray` and never by this class itself.

    >>> import lucid
    >>> x = lucid.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> x.shape, x.dtype, x.device
    ((2, 2), lucid.float32, 'cpu')
    >>> x @ x
    tensor([[ 7., 10.],
            [15., 22.]], dtype=float32, device='cpu')
    """

    __slots__ = ("__weakref__", "_dtype", "array", "node")

    array: Any  # the bare array of a backend: to be read, never written to
    node: Node | None  # None for a tensor that no gradient flows through
    _dtype: DType | None  # remembered, since asking MLX for it costs half a small op

    def __init__(self, array: Any, node: Node | None = None, dtype: DType | None = None) -> None:
        if dtype is None and array.__class__ in VALUES:
            raise TypeError(f"Tensor: got {array!r}; use lucid.asarray for values, lucid.zeros for a shape")
        self.array, self.node, self._dtype = array, node, dtype

    # --- What it is ---

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(self.array.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.array.size

    @property
    def dtype(self) -> DType:
        """The type of the elements."""
        if self._dtype is None:
            self._dtype = backend_of[type(self.array)].dtype_of(self.array)
        return self._dtype

    @property
    def device(self) -> Device:
        """ "cpu" or "gpu"."""
        return backend_of[type(self.array)].device

    @property
    def nbytes(self) -> int:
        """The size of the elements in bytes."""
        return self.size * self.dtype.itemsize

    # --- Gradients ---

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow through this tensor. Set it on a tensor that nothing recorded computed."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Collect gradients for this tensor in `.grad` from now on, or no longer; returns the tensor.

        Raises DTypeError for a dtype without gradients, GradientError for a tensor that a recorded op computed.
        """
        if not self.is_leaf:
            if not requires_grad:
                raise GradientError("requires_grad_: this tensor was computed by a recorded op; use x.detach()")
        elif not requires_grad:
            self.node = None
        elif self.node is None:
            if not self.dtype.is_floating:
                raise DTypeError(f"requires_grad_: {self.dtype} has no gradients; convert with x.astype(lucid.float32)")
            self.node = Leaf(self.dtype)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op computed this tensor."""
        return self.node is None or self.node.op is None

    @property
    def grad(self) -> "Tensor | None":
        """The gradient that `backward` collected here, None before it or where none is kept."""
        return None if self.node is None else self.node.grad

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if value is None and self.node is None:
            return
        if self.node is None:
            raise GradientError("grad: this tensor does not require gradients; call x.requires_grad_() first")
        if value is not None and (not isinstance(value, Tensor) or value.shape != self.shape):
            shape = getattr(value, "shape", "")
            raise ShapeError(f"grad: got {type(value).__name__} {shape}; wanted None or a Tensor of shape {self.shape}")
        if value is not None and value.device != self.device:
            raise DeviceError(f"grad: this tensor is on {self.device}, got one on {value.device}; use .to(device)")
        if value is not None and value.dtype is not self.dtype:
            raise DTypeError(f"grad: this tensor is {self.dtype.name}, got {value.dtype.name}; convert with astype")
        self.node.grad = value

    def detach(self) -> "Tensor":
        """The same values, through which no gradient flows."""
        return Tensor(self.array, None, self._dtype)

    def register_hook(self, hook: Callable[["Tensor"], "Tensor | None"]) -> Handle:
        """Call `hook` with this tensor's gradient when `backward` has it; what it returns, if not None, replaces it.

        Returns a handle whose `remove()` takes the hook away. Raises GradientError if no gradient flows through the
        tensor.

        >>> import lucid
        >>> x = lucid.ones(2, requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> (x * 3).sum().backward()
        >>> x.grad
        tensor([30., 30.], dtype=float32, device='cpu')
        >>> handle.remove()
        """
        if self.node is None:
            raise GradientError("register_hook: no gradient flows through this tensor; call x.requires_grad_() first")
        if self.node.hooks is None:
            self.node.hooks = {}
        return Handle(self.node.hooks, hook)

    def retain_grad(self) -> None:
        """Keep the gradient of this tensor in `.grad` although an op computed it."""
        if self.is_leaf:
            return
        node = self.node
        assert node is not None

        def collect(gradient: "Tensor") -> None:
            node.grad = gradient if node.grad is None else node.grad + gradient

        self.register_hook(collect)

    # --- Leaving lucid ---

    def numpy(self) -> Any:
        """The values in a NumPy array of its own. Waits for a gpu. Raises GradientError where gradients flow."""
        if self.node is not None:
            raise GradientError("numpy: gradients flow through this tensor and NumPy would lose them; use x.detach()")
        return self._host().copy()

    def _host(self) -> Any:
        """The values as a read-only NumPy array."""
        return backend_of[type(self.array)].to_numpy(self.array)

    def item(self) -> Any:
        """The only element, as a bool, int, float or complex according to the dtype. Raises ShapeError if not one."""
        if self.size != 1:
            raise ShapeError(f"item: the shape is {self.shape}; only a tensor of one element is one Python number")
        return PYTHON_TYPE.get(self.dtype.kind, float)(self._host().reshape(()).item())

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers, or one number for a tensor without axes."""
        if not self.ndim:
            return self.item()
        host = self._host()
        return (host if host.dtype.kind != "V" else host.astype("float32")).tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.node is not None:
            raise GradientError("__array__: gradients flow through this tensor and would be lost; use x.detach()")
        if copy is False and self.device != "cpu":
            raise ValueError("__array__: a gpu tensor reaches NumPy only as a copy; drop copy=False")
        host = self._host()
        if dtype is not None and dtype != host.dtype:
            if copy is False:
                raise ValueError(f"__array__: {self.dtype} becomes {dtype} only as a copy; drop copy=False")
            return host.astype(dtype)
        return host.copy() if copy else host

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        """The module `lucid`. Raises ValueError for a version of the Array API standard that it does not follow."""
        if api_version not in (None, *ARRAY_API_VERSIONS):
            known = ", ".join(ARRAY_API_VERSIONS)
            raise ValueError(f"__array_namespace__: api_version={api_version!r}; choose among {known}")
        return sys.modules[__package__]

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        if self.node is not None:
            raise GradientError("__dlpack__: gradients flow through this tensor and would be lost; use x.detach()")
        return backend_of[type(self.array)].to_dlpack(
            self.array, stream=stream, max_version=max_version, dl_device=dl_device, copy=copy
        )

    def __dlpack_device__(self) -> tuple[int, int]:
        return backend_of[type(self.array)].dlpack_device(self.array)

    def _scalar(self, function: str) -> Any:
        if self.size != 1:
            raise ShapeError(
                f"{function}: the truth or number of a tensor of shape {self.shape} is not one value; "
                "reduce it first, as with lucid.any, lucid.all or x.sum()"
            )
        return self.item()

    def __bool__(self) -> bool:
        return bool(self._scalar("bool"))

    def __int__(self) -> int:
        return int(self._scalar("int"))

    def __float__(self) -> float:
        return float(self._scalar("float"))

    def __complex__(self) -> complex:
        return complex(self._scalar("complex"))

    def __index__(self) -> int:
        if self.dtype.kind not in (SIGNED, UNSIGNED) or self.ndim:
            raise TypeError(f"only an integer tensor without axes is an index, not {self.dtype} of shape {self.shape}")
        return self.item()

    def __format__(self, specification: str) -> str:
        return format(self._scalar("format"), specification) if specification else repr(self)

    # --- Being a Python object ---

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len: a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        if not self.ndim:
            raise TypeError("iter: a tensor without axes cannot be iterated over")
        return (self[i] for i in range(self.shape[0]))

    __hash__ = object.__hash__  # by identity, since == compares element by element

    def __repr__(self) -> str:
        parts = [
            backend_of[type(self.array)].format(self.array, prefix="tensor("),
            f"dtype={self.dtype.name}",
            f"device={self.device!r}",
        ]
        if self.node is not None:
            parts.append(f"grad_fn={self.node.op.name}" if self.node.op else "requires_grad=True")
        return f"tensor({', '.join(parts)})"

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise GradientError(
                "pickle: a recorded op computed this tensor and its graph cannot be saved; use x.detach()"
            )
        return _unpickled, (self._host().copy(), self.dtype, self.device, self.requires_grad, self.grad)

    def __copy__(self) -> "Tensor":
        """The same value in a handle of its own, which in-place operations on this one leave alone."""
        return Tensor(self.array, self.node, self._dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Tensor":
        if not self.is_leaf:
            raise GradientError("deepcopy: a recorded op computed this tensor; use x.detach()")
        copied = Tensor(self.array)
        if self.node is not None:
            copied.requires_grad_().grad = None if self.grad is None else self.grad.detach()
        memo[id(self)] = copied
        return copied

    def __getattr__(self, name: str) -> Any:
        """Only what is not there gets here."""
        raise AttributeError(f"'Tensor' object has no attribute {name!r}{hint(name)}", name=name, obj=self)

    if TYPE_CHECKING:
        T: "Tensor"
        mT: "Tensor"

        def __getitem__(self, key: Any) -> "Tensor": ...
        def __setitem__(self, key: Any, value: Any) -> None: ...
        def __neg__(self) -> "Tensor": ...
        def __invert__(self) -> "Tensor": ...
        def __eq__(self, other: Any) -> "Tensor": ...  # type: ignore[override]
        def __ne__(self, other: Any) -> "Tensor": ...  # type: ignore[override]
        def _binary(self, other: Any) -> "Tensor": ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _binary
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _binary
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _binary
        __lt__ = __le__ = __gt__ = __ge__ = _binary


def _unpickled(host: Any, dtype: DType, device: Device, requires_grad: bool, grad: Tensor | None) -> Tensor:
    backend = devices.backend(device, "pickle")
    backend.check_dtype("pickle", dtype)
    tensor = Tensor(backend.from_numpy(host)).requires_grad_(requires_grad)
    tensor.grad = grad
    return tensor
