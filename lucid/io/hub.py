"""Files of the Hugging Face Hub, downloaded once and kept by the package `huggingface_hub`, with or without a net."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import CheckpointError
from .packages import needed

__all__ = ["hub_files"]

SHA256 = re.compile(r"[0-9a-f]{64}")
SHARD = re.compile(r':\s*"([\w.-]+\.(?:safetensors|bin))"')
PATIENCE = 10  # seconds for the first answer


def hub_files(name: str, choices: Sequence[str], beside: str, function: str) -> Path:
    """The first of `choices` that the repository `name` has, on this machine; with it the file `beside`, and shards.

    What was downloaded once is not looked for again. Where the Hub knows the SHA-256 of a file, as it does of all large
    ones, it is checked.

    Raises ImportError without the package, ConnectionError if the Hub is needed and cannot be reached, CheckpointError
    for a repository that has none of the files, and for a file that is not the one that the Hub has.
    """
    hub = needed("huggingface_hub", function, "hub")
    errors = needed("huggingface_hub.errors", function, "hub")

    def kept(file: str) -> Path | None:
        try:
            return Path(hub.hf_hub_download(name, file, local_files_only=True))
        except errors.LocalEntryNotFoundError:
            return None

    def fetched(file: str) -> Path | None:
        try:
            hub.get_hf_file_metadata(hub.hf_hub_url(name, file), timeout=PATIENCE)  # without its many attempts
            return Path(hub.hf_hub_download(name, file))
        except errors.RepositoryNotFoundError:
            raise CheckpointError(
                f"{function}: there is no file {name}, and no repository of that name on the Hub that all may read"
            ) from None
        except errors.EntryNotFoundError:
            return None
        except Exception as error:  # of whatever library the Hub's package uses for the net
            raise ConnectionError(
                f"{function}: {name} is not on this machine and the Hugging Face Hub cannot be reached "
                f"({type(error).__name__}); download it elsewhere and give its path"
            ) from None

    for look in (kept, fetched):
        for choice in choices:
            if path := look(choice):
                look(beside)
                shards = sorted(set(SHARD.findall(path.read_text("utf-8")))) if path.suffix == ".json" else [choice]
                for shard in shards:
                    found = kept(shard) or fetched(shard)
                    if found is None:
                        raise CheckpointError(f"{function}: {name} on the Hub has no {shard}, which its index names")
                    _check(found, function)
                return path
    raise CheckpointError(f"{function}: {name} on the Hub has none of {', '.join(choices)}")


def _check(path: Path, function: str) -> None:
    """Raise CheckpointError for a file that is not what its name in the cache, its checksum, says."""
    blob = path.resolve()
    if SHA256.fullmatch(blob.name):
        with blob.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != blob.name:
            raise CheckpointError(f"{function}: {blob} is damaged: its SHA-256 is {found}; delete it, and try again")
