"""Claims about texts as data: what is one, how it becomes numbers, and that no part is tested on another."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nnplay as nn
from nnplay.config import RunConfig
from nnplay.data.catalogue import file_fields, find_source
from nnplay.data.corpus.byte_pairs import learn_pairs
from nnplay.data.corpus.prose import is_prose
from nnplay.data.corpus.vocabulary import PADDING, UNKNOWN, make_vocabulary
from nnplay.errors import InputError

ALICE = Path(__file__).parents[2] / "datasets" / "characters" / "alice.txt"
GOOD = "a lovely film with charming actors and a moving end"
BAD = "a dull film with clumsy actors and a silly end"


def labelled(path: Path, lines: int = 40) -> Path:
    """Lines with a label, a tab and a text."""
    path.write_text("".join(f"pos\t{GOOD} {row}\n" if row % 2 else f"neg\t{BAD} {row}\n" for row in range(lines)))
    return path


# -- what is a text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Alice was beginning to get very tired\nof sitting by her sister on the bank,\nand of having nothing to do.\n",
        "emma\nolivia\nava\nisabella\nsophia\n",
        "one single line of words without an end",
        "# A heading\n\nSome words, then more.\n\n- a point\n- another, longer one\n",
        "ham\tgo until the end, crazy\nspam\tfree entry, win a cup now\nham\tok then see you later\n",
        "Ich weiß nicht, was soll es bedeuten,\nDaß ich so traurig bin;\nEin Märchen aus alten Zeiten,\n",
        "吾輩は猫である。\n名前はまだ無い。\nどこで生れたかとんと見当がつかぬ。\n",
    ],
)
def test_prose_is_read_as_text(text: str, tmp_path: Path) -> None:
    """Books, lists of names, and lines with a label and a sentence are texts, in any language."""
    (path := tmp_path / "my.txt").write_text(text, encoding="utf-8")
    assert is_prose(text.encode())
    assert find_source(str(path)).name == "text"
    assert [field.choices for field in file_fields(str(path), {})][-1] == ("auto", "text", "csv")


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n5,6\n",
        "size price\n10 20\n30 40\n50 60\n",
        "name;town;age\nann;bonn;3\nbob;ulm;4\neve;kiel;5\n",
        '"text","label"\n"a, b, c",x\n"d, e",y\n"f",z\n',
        "1.5\n2.5\n3.5\n4.5\n",
        "x\ty\n1\t2\n",
        "# a remark\n1 2 3\n4 5 6\n7 8 9\n",
        "",
        "a\0b\n",
        "\x89PNG\r\n\x1a\n",
    ],
)
def test_tables_are_no_prose(text: str, tmp_path: Path) -> None:
    """Lines that are cut alike, numbers, and what is no text at all stay what they were."""
    (path := tmp_path / "my.txt").write_bytes(text.encode("latin-1"))
    assert not is_prose(text.encode("latin-1"))
    assert find_source(str(path)).name == "csv"


def test_a_file_is_read_as_what_it_is_told_to_be(tmp_path: Path) -> None:
    """`read_as` decides where several kinds are possible, from Python and in a run; another kind is refused."""
    (path := tmp_path / "my.txt").write_text("a,b\n" * 40)
    assert nn.read_file(path, read_as="text", context=4).vocabulary is not None
    table = {"file": str(path), "read_as": "text", "context": 4}
    config = RunConfig.from_dict({"data": table})
    assert config.data.load().vocabulary is not None
    assert config.to_dict()["data"] == table
    with pytest.raises(InputError, match="unknown kind of file 'sqlite'; known: csv, text"):
        nn.read_file(path, read_as="sqlite")
    with pytest.raises(InputError, match="unknown key 'delimiter'"):
        RunConfig.from_dict({"data": {**table, "delimiter": ","}})


def test_a_packed_text_is_a_text(tmp_path: Path) -> None:
    """The text in a `.txt.gz` is looked at, and read."""
    (path := tmp_path / "alice.txt.gz").write_bytes(gzip.compress(ALICE.read_bytes()))
    assert find_source(str(path)).name == "text"
    data, plain = nn.read_file(path), nn.read_file(ALICE)
    assert data.name == "alice"
    assert np.array_equal(data.x, plain.x)


# -- tokens ------------------------------------------------------------------------------------------------------------

TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=200)


@given(TEXTS)
def test_characters_and_byte_pairs_give_the_text_back(text: str) -> None:
    """Nothing is lost between text and numbers, whatever the text is made of."""
    for unit in ("characters", "byte_pairs"):
        vocabulary = make_vocabulary([text], unit, 1000, lower=False)
        assert vocabulary.decode(vocabulary.encode(text)) == text


def test_byte_pairs_join_the_commonest_neighbours_first() -> None:
    """As in the paper, low ×5, lower ×2, newest ×6 and widest ×3 make est (9 times) first, and then low (7 times)."""
    text = "low\n" * 5 + "lower\n" * 2 + "newest\n" * 6 + "widest\n" * 3
    _, merges = learn_pairs([text], 11 + 4)
    assert merges == (("s", "t"), ("e", "st"), ("o", "w"), ("l", "ow"))
    vocabulary = make_vocabulary([text], "byte_pairs", 15, lower=False)
    assert [vocabulary.tokens[token] for token in vocabulary.encode("lowest")] == ["low", "est"]


def test_words_are_cut_and_put_together_as_a_writer_would() -> None:
    """Signs stand close to their words, quotes on both sides, and a newline begins anew."""
    text = "'well,' said the cat (it isn't mine): \"no!\"\nthen it went."
    words = make_vocabulary([text + text], "words", 100, lower=False)
    assert words.decode(words.encode(text)) == text


def test_what_is_rare_is_unknown() -> None:
    """Words that come once, and what does not fit, share one token; a word that was never seen gets it as well."""
    vocabulary = make_vocabulary(["red red green green blue"], "words", 10, lower=True)
    assert vocabulary.tokens == (UNKNOWN, "green", "red")
    assert vocabulary.encode("RED blue pink").tolist() == [2, 0, 0]
    small = make_vocabulary(["aaabbcd"], "characters", 3, lower=False)
    assert small.tokens == (UNKNOWN, "a", "b")
    assert small.decode([0, 1, 2]) == "ab"


# -- the next token ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["characters", "words", "byte_pairs"])
def test_parts_of_a_text_share_no_token(unit: str) -> None:
    """Training, validation and test are three pieces of the text, one behind the other, without a common token."""
    data = nn.read_file(ALICE, unit=unit, context=20)
    assert data.vocabulary is not None
    tokens = data.vocabulary.encode(ALICE.read_text())
    stride = 21
    split = data.split(seed=5)
    indices = split.indices
    assert indices.train.max() < indices.validation.min() <= indices.validation.max() < indices.test.min()
    for part, rows in ((split.train, indices.train), (split.validation, indices.validation)):
        assert part is not None
        for place in (0, len(rows) - 1):
            begin = int(rows[place]) * stride
            assert part.x[place].tolist() == tokens[begin : begin + 20].tolist()
            assert part.y[place].tolist() == tokens[begin + 1 : begin + 21].tolist()


def test_what_is_unknown_is_said() -> None:
    """The notes have the size of the vocabulary, its commonest tokens, and the unknown share of each part."""
    split = nn.read_file(ALICE, unit="words", vocabulary=300).split()
    assert any("300 are told apart" in note or "299 are told apart (the vocabulary: ," in note for note in split.notes)
    unknown = next(note for note in split.notes if note.startswith("unknown tokens"))
    assert unknown.count("%") == 3
    train = split.train.x == 0
    assert f"{100 * train.mean():.1f} % of the training text" in unknown


def test_a_long_text_is_read_in_part_and_an_endless_line_is_no_harm(tmp_path: Path) -> None:
    """Of a gigabyte in one line the beginning is read, and the note says how much and how to read more."""
    with (path := tmp_path / "long.txt").open("w") as file:
        file.write("to be or not to be that is the question " * 20_000)
        file.truncate(1 << 30)
    data = nn.read_file(path, max_windows=100)
    assert len(data) == 100
    assert data.notes[0] == "the first 6,500 characters of 1.0 GiB are read (100 windows; max_windows=200 reads more)"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {"read_as": "text"}, "is empty"),
        (b"  \n\n \n", {"read_as": "text"}, "is empty"),
        (b"much too short", {}, "is too short: 14 characters are 0 windows of 64"),
        (b"long enough for a small context only, " * 9, {}, "use context=33"),
        (b"\x89PNG\r\n\x1a\nwhatever", {"read_as": "text"}, "looks like a PNG image"),
        ("Gr\xfc\xdfe aus Bonn an alle\n".encode("latin-1") * 50, {"read_as": "text"}, "not valid UTF-8.*cp1252"),
        (b"words and words \0 and words\n" * 20, {"read_as": "text"}, "a NUL byte"),
        (b"some words of no label\n" * 50, {"read_as": "text", "learn": "label"}, "its lines have no labels"),
        (b"some words of prose, and more\nof them than before\nand so on\n", {"unit": "letters"}, "one of auto, char"),
    ],
)
def test_what_cannot_be_used_is_refused(content: bytes, options: dict[str, str], message: str, tmp_path: Path) -> None:
    """Each in one sentence with the way out."""
    (path := tmp_path / "my.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        nn.read_file(path, **options)


def test_control_characters_never_get_through(tmp_path: Path) -> None:
    """Escapes, bells and marks that turn the direction become symbols before they are tokens or names."""
    text = "".join(f"line {row} \x1b[31mred\x1b[0m [bold]x[/] \u202eturned \x07 end {row * row}\n" for row in range(60))
    (path := tmp_path / "my.txt").write_text(text, encoding="utf-8")
    data = nn.read_file(path, read_as="text")
    assert data.vocabulary is not None
    shown = data.vocabulary.decode(data.x.astype(int).ravel()) + "".join(data.class_names)
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert "␛[31m" in shown
    assert len(set(data.class_names)) == len(data.class_names)


# -- a label for each text ---------------------------------------------------------------------------------------------


def forms(folder: Path) -> list[Path]:
    """The same texts with labels in every form."""
    lines = [line.split("\t") for line in labelled(folder / "lines.txt").read_text().splitlines()]
    (folder / "behind.txt").write_text("".join(f"{text}\t{label}\n" for label, text in lines))
    (folder / "table.csv").write_text("id,review,label\n" + "".join(f"{n},{t},{x}\n" for n, (x, t) in enumerate(lines)))
    (folder / "records.jsonl").write_text("".join(json.dumps({"label": x, "text": t}) + "\n" for x, t in lines))
    for number, (label, text) in enumerate(lines):
        (folder / "reviews" / label).mkdir(parents=True, exist_ok=True)
        (folder / "reviews" / label / f"{number:02}.txt").write_text(text)
    return [folder / name for name in ("lines.txt", "behind.txt", "table.csv", "records.jsonl", "reviews")]


def test_labelled_texts_are_read_from_every_form(tmp_path: Path) -> None:
    """Lines, tables, JSON lines and folders of class folders give the same rows."""
    for path in forms(tmp_path):
        data = nn.read_file(path, **({"read_as": "text"} if path.suffix in (".csv", ".jsonl") else {}))
        assert data.vocabulary is not None
        assert len(data) == 40, path
        assert data.class_names == ("neg", "pos")
        assert data.vocabulary.tokens[:2] == (PADDING, UNKNOWN)
        row = int(np.flatnonzero(data.y == 1)[0])
        assert data.vocabulary.decode(data.x[row].astype(int)) == GOOD
        assert data.x[row, -1] == 1  # the number that comes once
        assert not data.sequential


def test_folders_of_parts_are_put_together(tmp_path: Path) -> None:
    """Where texts come dealt into train and test, the classes are the folders within, as for images."""
    forms(tmp_path)
    for number, path in enumerate(sorted((tmp_path / "reviews").rglob("*.txt"))):
        place = tmp_path / "dealt" / ("test" if number % 4 == 0 else "train") / path.parent.name
        place.mkdir(parents=True, exist_ok=True)
        (place / path.name).write_bytes(path.read_bytes())
    data = nn.read_file(tmp_path / "dealt")
    assert (len(data), data.class_names) == (40, ("neg", "pos"))
    assert any("put together" in note for note in data.notes)


def test_texts_that_lie_loose_in_a_folder_have_no_label(tmp_path: Path) -> None:
    """They are refused with the way to give them labels; what comes next is learned from them all the same."""
    forms(tmp_path)
    (tmp_path / "loose").mkdir()
    for path in (tmp_path / "reviews").rglob("*.txt"):
        (tmp_path / "loose" / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="40 texts in no class folder; put the texts of each class into a folder"):
        nn.read_file(tmp_path / "loose")
    assert nn.read_file(tmp_path / "loose", learn="next", context=16).sequential


def test_a_table_with_nothing_but_texts_names_the_way(tmp_path: Path) -> None:
    """Where every column is left out and one holds texts, the refusal says how to read them."""
    forms(tmp_path)
    with pytest.raises(InputError, match="read_as='text'"):
        nn.read_file(tmp_path / "table.csv")


def test_labels_that_are_none_are_refused(tmp_path: Path) -> None:
    """One label, another in each row, no label, an unknown column."""
    forms(tmp_path)
    with pytest.raises(InputError, match="40 different labels for 40 texts"):
        nn.read_file(tmp_path / "table.csv", read_as="text", target="id")
    with pytest.raises(InputError, match="unknown column 'reviw'; did you mean 'review'"):
        nn.read_file(tmp_path / "table.csv", read_as="text", column="reviw")
    (tmp_path / "one.csv").write_text("review,label\n" + f"{GOOD},pos\n" * 30)
    with pytest.raises(InputError, match=r"all texts have the label 'pos'.*learn='next'"):
        nn.read_file(tmp_path / "one.csv", read_as="text")


def test_a_broken_file_in_a_folder_is_named_and_left_out(tmp_path: Path) -> None:
    """The others are read; the note has the file and what is wrong."""
    forms(tmp_path)
    (tmp_path / "reviews" / "neg" / "bad.txt").write_bytes(b"\xff\xfe\xfd\xff\xff")
    (tmp_path / "reviews" / "neg" / "none.txt").write_bytes(b"")
    data = nn.read_file(tmp_path / "reviews")
    assert len(data) == 40
    assert any(
        note.startswith("2 texts left out: neg/bad.txt, row 1: ") and "; neg/none.txt: " in note for note in data.notes
    )


def test_texts_without_labels_are_written_on(tmp_path: Path) -> None:
    """`learn=next` takes the texts of a folder or a column as one."""
    forms(tmp_path)
    for path, options in ((tmp_path / "reviews", {}), (tmp_path / "table.csv", {"read_as": "text"})):
        data = nn.read_file(path, learn="next", context=16, **options)
        assert data.sequential
        assert data.y.shape == data.x.shape


def test_a_text_of_one_character_is_refused(tmp_path: Path) -> None:
    """There is nothing to tell apart."""
    path = tmp_path / "t.txt"
    path.write_text("a" * 3000)
    with pytest.raises(InputError, match="has only the token 'a': there is nothing to learn"):
        nn.read_file(path, read_as="text")
