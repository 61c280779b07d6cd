"""Makes lucid/io/imagenet_classes.txt: the synset and the name of each of ImageNet's 1000 classes, in their order.

    python tools/make_imagenet_classes.py timm-1.0.31-py3-none-any.whl

The order is that of the synsets' numbers, and a name is the first of the synset's lemmas in WordNet; both are facts,
read here from two lists that the wheel of timm carries (`pip download --no-deps timm` fetches it; nothing of timm is
run). WordNet calls two classes the same twice, which QUALIFIERS tell apart.
"""

import sys
from pathlib import Path
from zipfile import ZipFile

LISTS = "timm/data/_info/imagenet_synsets.txt", "timm/data/_info/imagenet_synset_to_lemma.txt"
QUALIFIERS = {"n02012849": "bird", "n03126707": "machine", "n03710637": "leotard", "n03710721": "swimsuit"}
TARGET = Path(__file__).resolve().parent.parent / "lucid" / "io" / "imagenet_classes.txt"


def main(wheel: str) -> None:
    with ZipFile(wheel) as archive:
        order, lemmas = (archive.read(name).decode().splitlines() for name in LISTS)
    lemmas_of = dict(line.split("\t") for line in lemmas)
    lines = []
    for synset in order:
        name = lemmas_of[synset].partition(", ")[0]
        lines.append(f"{synset} {name}" + (f" ({QUALIFIERS[synset]})" if synset in QUALIFIERS else ""))
    if len({line.partition(" ")[2] for line in lines}) != len(lines) or len(lines) != 1000:
        raise SystemExit(f"{wheel}: {len(lines)} classes, some of them with the same name")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
