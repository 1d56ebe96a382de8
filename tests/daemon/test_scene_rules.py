"""What the configuration says of labels and zones becomes the scene's rules, and is checked against the model."""

from edgevision.config.schema import CameraSettings
from edgevision.daemon.scene_rules import (
    MOST_ANNOUNCED,
    counted_in_zones,
    counted_labels,
    label_names,
    scene_rules,
    unknown_labels,
)
from edgevision.scene.rules import LabelRule, Zone

CORNERS = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
POLYGON = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
MANY = [f"label {number}" for number in range(MOST_ANNOUNCED + 1)]


def settings(**written: object) -> CameraSettings:
    return CameraSettings.model_validate({"source": {"type": "v4l2"}, **written})


def test_the_rules_are_as_written() -> None:
    rules = scene_rules(
        settings(
            labels={"person": {"threshold": 0.6, "min_area": 0.1, "max_area": 0.9}, "dog": None},
            zones={"drive": {"polygon": CORNERS, "labels": ["person"]}},
            masks=[CORNERS],
            events={"min_hits": 5, "max_lost": 7},
        )
    )
    assert rules.labels == {"person": LabelRule(0.6, 0.1, 0.9), "dog": LabelRule(None, 0.0, 1.0)}
    assert rules.zones == {"drive": Zone(POLYGON, ("person",))}
    assert (rules.masks, rules.min_hits, rules.max_lost) == ((POLYGON,), 5, 7)


def test_the_labels_that_are_configured_are_counted_else_all_of_a_model_that_has_few() -> None:
    assert counted_labels(settings(labels={"dog": None}), ["person", "dog"], ["person"]) == ("dog",)
    assert counted_labels(settings(), MANY[:-1], []) == tuple(MANY[:-1])


def test_of_a_model_with_many_labels_those_are_counted_that_were_seen_and_are_still_its() -> None:
    assert counted_labels(settings(), MANY, []) == ()
    assert counted_labels(settings(), MANY, ["label 3", "of another model"]) == ("label 3",)


def test_of_a_model_with_many_labels_those_that_zones_name_are_counted_from_the_beginning() -> None:
    camera = settings(zones={"drive": {"polygon": CORNERS, "labels": ["label 5"]}})
    assert counted_labels(camera, MANY, ["label 3", "label 5"]) == ("label 5", "label 3")


def test_in_a_zone_the_labels_are_counted_that_it_cares_for() -> None:
    zones = {"drive": {"polygon": CORNERS, "labels": ["person"]}, "lawn": {"polygon": CORNERS}}
    assert counted_in_zones(settings(zones=zones), ["person", "dog"]) == [
        ("drive", "person"),
        ("lawn", "person"),
        ("lawn", "dog"),
    ]


def test_a_models_names_are_told_once_and_gaps_not_at_all() -> None:
    assert label_names(("cat", None, "dog", "cat")) == ("cat", "dog")


def test_a_label_that_the_model_does_not_have_is_told_with_its_place_and_what_was_probably_meant() -> None:
    camera = settings(
        labels={"person": None, "dgo": None}, zones={"drive": {"polygon": CORNERS, "labels": ["person", "dgo"]}}
    )
    told = dict(unknown_labels(camera, ["person", "dog"]))
    assert list(told) == [("labels", "dgo"), ("zones", "drive", "labels", 1)]
    assert all("no label 'dgo'; did you mean 'dog'?" in what for what in told.values())
    (what,) = dict(unknown_labels(settings(labels={"zebra": None}), ["person", "dog"])).values()
    assert what.endswith("it has person, dog")
