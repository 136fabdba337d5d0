"""What a detector's answer means."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope import tasks
from bugscope.core.errors import SpecError
from bugscope.core.options import Config
from bugscope.core.records import Box, Detection, Truth
from bugscope.core.wider import coco
from bugscope.tasks.detect import FALSE, PRESENT, Detect
from bugscope.tasks.shared.overlap import iou, matched
from bugscope.testing import conformance
from support.engines import Role

LABELS = coco()
GLASS = (0.2, 0.2, 0.6, 0.8)
NEAR = (0.4, 0.3, 0.9, 0.9)  # overlaps it by less than a half
FAR = (0.7, 0.0, 0.9, 0.2)
SECOND = (0.65, 0.3, 0.95, 0.8)
TRUE = Truth("goblet", ("banana",), (Box("goblet", *GLASS), Box("banana", *FAR)))
TWO = Truth("goblet", (), (Box("goblet", *GLASS), Box("goblet", *SECOND)))


def task(**options):
    made = Detect(**options)
    return made.knowing(LABELS, {})


def seen(*rows):
    """(label, place) or (label, place, score)."""
    return [[row[0], row[2] if len(row) > 2 else 0.9, *row[1]] for row in rows]


READINGS = {
    "found by a wider name": (TRUE, seen(("wine glass", GLASS)), ""),
    "found beside other things": (TRUE, seen(("banana", FAR), ("wine glass", GLASS)), ""),
    "nothing seen": (TRUE, [], "missed"),
    "too unsure": (TRUE, seen(("wine glass", GLASS, 0.2)), "missed"),
    "something else seen elsewhere": (TRUE, seen(("banana", FAR)), "missed"),
    "called something else": (TRUE, seen(("cup", GLASS)), "mislabelled as cup"),
    "in another place": (TRUE, seen(("wine glass", NEAR)), "misplaced"),
    "far from its place": (TRUE, seen(("wine glass", FAR)), "missed"),
    "twice": (TRUE, seen(("wine glass", GLASS), ("wine glass", GLASS, 0.5)), "doubled"),
    "by two names": (TRUE, seen(("wine glass", GLASS), ("cup", GLASS)), ""),
    "both of two": (TWO, seen(("wine glass", GLASS), ("wine glass", SECOND)), ""),
    "one of two": (TWO, seen(("wine glass", GLASS)), "missed"),
    "the other of two called otherwise": (TWO, seen(("wine glass", SECOND), ("vase", GLASS)), "mislabelled as vase"),
    "no box is known, and it is seen": (Truth("goblet"), seen(("wine glass", FAR)), ""),
    "no box is known, and it is not seen": (Truth("goblet"), seen(("cup", GLASS)), "missed"),
}


@pytest.mark.parametrize("case", READINGS)
def test_what_is_wrong_with_a_picture(case):
    truth, answer, said = READINGS[case]
    reading = task().read(answer, truth)
    assert reading.wrong == bool(said)
    assert " as ".join(filter(None, (reading.kind, reading.taken_for if reading.kind else ""))) == said
    assert reading.claims == {row[0] for row in answer if row[1] >= 0.25}


def test_what_counts_is_an_option():
    missed, placed = seen(), seen(("wine glass", NEAR))
    only = task(kinds="misplaced")
    assert not only.read(missed, TRUE).wrong and only.read(placed, TRUE).kind == "misplaced"
    assert not task(kinds=["missed", "mislabelled"]).read(placed, TRUE).wrong
    assert not task(iou=0.2).read(placed, TRUE).wrong
    assert not task(confidence=0.1).read(seen(("wine glass", GLASS, 0.2)), TRUE).wrong
    assert not task(accept={"goblet": ["cup"]}).read(seen(("cup", GLASS)), TRUE).wrong if "goblet" in LABELS else True


def test_a_false_alarm_is_a_box_of_what_is_not_there():
    alarm = task(kinds="false alarms")
    assert alarm.absent and tasks.absent(alarm) and not tasks.absent(task())
    empty = Truth("goblet", ("banana",), (Box("banana", *FAR),))
    assert alarm.read(seen(("wine glass", GLASS), ("banana", FAR)), empty)[:2] == (True, "")
    assert alarm.read(seen(("wine glass", GLASS)), empty).kind == FALSE
    assert not alarm.read(seen(("cup", GLASS)), empty).wrong and not alarm.read([], empty).wrong


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ("mised", "unknown kind of failure 'mised'. Did you mean 'missed'"),
        ("missed, false alarm", "cannot be hunted on together"),
        ([], "argument kinds of the task is empty"),
    ],
)
def test_kinds_that_make_no_sense_are_refused(kinds, message):
    with pytest.raises(SpecError, match=message):
        Detect(kinds=kinds)


def test_a_page_draws_the_truth_and_what_is_seen_of_it():
    marks = task().marks(seen(("cup", GLASS), ("wine glass", NEAR), ("banana", FAR)), TRUE)
    assert [(m.box.label, m.true, m.text) for m in marks] == [
        ("goblet", True, "goblet"), ("cup", False, "cup 90 %"), ("wine glass", False, "wine glass 90 %"),
    ]  # fmt: skip


def test_answers_are_kept_whatever_the_confidence_and_fit_the_protocol():
    def detector(pictures):
        return [[Detection("cup", 0.05, *GLASS), Detection("wine glass", 0.8, *GLASS), Detection("cup", 0.001, *FAR)]] * len(
            pictures
        )

    items = conformance.images()
    target = Role(detector, "test/detector", LABELS)
    assert [row[:2] for row in Detect().ask(target, items[:1], [TRUE])[0]] == [["wine glass", 0.8], ["cup", 0.05]]
    conformance.check_task(task(), target, items, [TRUE] * len(items))


def test_the_task_says_what_a_failure_is():
    assert tasks.load(Config(task="detect", iou=0.6, confidence=0.3)).failure == (
        "in which the detector misses it, calls it something else, puts it in another place or sees it twice (confidence at "
        "least 0.3, overlap (IoU) at least 0.6)"
    )
    assert "sees the label" in Detect(kinds=FALSE).failure


# --- overlap ------------------------------------------------------------------------------------------------------------

sides = st.tuples(*[st.integers(0, 20)] * 4).map(lambda b: (b[0], b[1], b[0] + b[2] + 1, b[1] + b[3] + 1))


def cells(box):
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


@given(sides, sides)
def test_the_overlap_is_that_of_the_cells(a, b):
    assert iou(a, b) == pytest.approx(len(cells(a) & cells(b)) / len(cells(a) | cells(b)))
    assert iou(a, b) == iou(b, a) and iou(a, a) == 1


@given(st.lists(sides, max_size=5), st.lists(sides, max_size=5), st.floats(0.05, 1))
def test_each_detection_is_about_one_instance_and_each_instance_is_found_once(true, found, least):
    pairs = matched(true, found, least)
    assert len(set(pairs.values())) == len(pairs)
    assert all(iou(true[i], found[j]) >= least for i, j in pairs.items())
    left = [j for j in range(len(found)) if j not in pairs.values()]
    assert not any(iou(true[i], found[j]) >= least for i in range(len(true)) if i not in pairs for j in left)


@given(st.lists(st.tuples(st.sampled_from(["wine glass", "cup"]), sides, st.floats(0, 1)), max_size=4))
def test_a_reading_is_the_same_after_its_answer_was_kept_and_has_a_kind_where_it_is_wrong(rows):
    answer = [[label, round(score, 4), *(x / 41 for x in box)] for label, box, score in rows]
    truth = Truth("goblet", (), (Box("goblet", 0.1, 0.1, 0.5, 0.5),))
    reading = task().read(json.loads(json.dumps(answer)), truth)
    assert reading == task().read(answer, truth)
    assert (reading.kind in PRESENT) == reading.wrong and (reading.wrong or not reading.kind)
