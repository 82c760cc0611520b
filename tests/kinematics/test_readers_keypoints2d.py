"""2D keypoints: every tool's file gives the same people; identities are read, never invented."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from _samples_keypoints import TOOLS, coco, crowd, saved, write_openpose
from hypothesis import given, settings
from hypothesis import strategies as st

from kinematics import keypoints, readers
from kinematics.keypoints import SKELETONS, KeypointTrack
from kinematics.readers import keypoints2d
from kinematics.skeleton import COCO_17, from_names

# Every tool's file


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    tool=st.sampled_from(TOOLS),
    points=st.sampled_from(sorted(SKELETONS)),
)
def test_people_with_identities_are_tracks(seed: int, tool: str, points: int, folder: Path) -> None:
    people = crowd(seed, points)
    tracks = readers.read_keypoints(saved(people, tool, folder, ids=True), fps=20.0)
    assert [track.person for track in tracks] == sorted({person for _, person, _ in people})
    for track in tracks:
        mine = sorted(((f, rows) for f, p, rows in people if p == track.person), key=lambda x: x[0])
        assert track.frames.tolist() == [frame for frame, _ in mine]
        theirs = np.array([rows for _, rows in mine])
        missing = (theirs[:, :, :2] == 0).all(axis=2)
        assert (np.isnan(track.keypoints_px).all(axis=2) == missing).all()
        np.testing.assert_array_equal(track.keypoints_px[~missing], theirs[~missing][:, :2])
        np.testing.assert_array_equal(track.confidence, theirs[:, :, 2])
        np.testing.assert_allclose(track.times_s, track.frames / 20.0)
        assert track.skeleton is SKELETONS[points]
        with pytest.raises(ValueError, match="read-only"):
            track.keypoints_px[0] = 1.0


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), tool=st.sampled_from(TOOLS))
def test_without_identities_all_detections_are_one_unassigned_set(
    seed: int, tool: str, folder: Path
) -> None:
    people = crowd(seed, 17)
    [track] = readers.read_keypoints(saved(people, tool, folder, ids=False))
    assert track.person is None
    assert track.times_s is None
    assert track.notes[-1].startswith("no identities in the file")
    assert track.frames.tolist() == [frame for frame, _, _ in people]
    theirs = np.array([rows for _, _, rows in people])
    np.testing.assert_array_equal(np.nan_to_num(track.keypoints_px), theirs[:, :, :2])


def test_a_file_with_identities_for_some_is_unassigned(folder: Path) -> None:
    listed = coco(crowd(0, 17), ids=True)
    del listed[1]["track_id"]
    path = folder / "some.json"
    path.write_text(json.dumps(listed))
    [track] = readers.read_keypoints(path)
    assert track.person is None
    assert len(track.frames) == len(listed)


def test_one_person_alone_has_no_identity_either(folder: Path) -> None:
    path = saved(crowd(0, 17, persons=1), "coco", folder, ids=False)
    [track] = readers.read_keypoints(path)
    assert track.person is None


@pytest.mark.parametrize(
    ("idx", "person"),
    [(3, 3), ([3.0], 3), ([[3.0], [3]], 3), ([3, 4], None), ("x", None), ([], None), (0, None)],
)
def test_alphaposes_merged_identities(idx: Any, person: int | None, tmp_path: Path) -> None:
    path = tmp_path / "alphapose-results.json"
    path.write_text(listing(idx=idx))
    [track] = readers.read_keypoints(path)
    assert track.person == person


def test_one_image_of_mmpose_and_one_file_of_openpose(folder: Path) -> None:
    rows = crowd(1, 17)[0][2]
    path = folder / "image.json"
    person = {"keypoints": rows[:, :2].tolist(), "keypoint_scores": rows[:, 2].tolist()}
    path.write_text(json.dumps([person, person]))
    [track] = readers.read_keypoints(path)
    assert track.frames.tolist() == [0, 0]
    path = folder / "frame_0042_keypoints.json"
    path.write_text(json.dumps({"people": [{"pose_keypoints_2d": rows.ravel().tolist()}, {}]}))
    [track] = readers.read_keypoints(path)
    assert track.frames.tolist() == [42]


def test_other_layouts_are_named_and_normalised_points_scaled(folder: Path) -> None:
    path = folder / "five.json"
    flat = [0.25, 0.5, 1.0] * 5
    path.write_text(json.dumps([{"image_id": 3, "keypoints": flat}]))
    with pytest.raises(ValueError, match=r"5 points a person; known layouts have 17, 18, 25, 26"):
        readers.read_keypoints(path)
    five = from_names(["nose", "left_hip", "right_hip", "left_knee", "right_knee"], name="five")
    with pytest.raises(ValueError, match="Give image_size_px"):
        readers.read_keypoints(path, skeleton=five)
    [track] = readers.read_keypoints(path, skeleton=five, image_size_px=(200, 100))
    assert track.keypoints_px[0, 0].tolist() == [50.0, 50.0]
    assert track.image_size_px == (200, 100)
    assert track.skeleton.name == "five"
    with pytest.raises(ValueError, match="expected the 17 points of coco_17"):
        readers.read_keypoints(path, skeleton=COCO_17)


def test_layouts_of_whole_bodies_begin_with_their_body() -> None:
    assert {len(skeleton.joints) for skeleton in SKELETONS.values()} == set(SKELETONS)
    assert set(SKELETONS) == {17, 18, 25, 26, 133, 136}
    assert keypoints.HALPE_136.points == SKELETONS[26].points
    feet = dict(zip(keypoints.COCO_WHOLEBODY_133.joints, range(133), strict=True))
    assert [feet[f"{side}_big_toe"] for side in ("left", "right")] == [17, 20]
    assert keypoints.BODY_18.points[1:12] != ()


# The type


def test_boxes_hold_the_points_that_were_found() -> None:
    points = np.array([[[3.0, 5.0], [9.0, 2.0], [np.nan, np.nan]], [[np.nan] * 2] * 3])
    track = KeypointTrack(
        keypoints_px=points,
        confidence=np.ones((2, 3)),
        frames=np.array([0, 2]),
        person=1,
        skeleton=from_names(["a", "b", "c"]),
    )
    assert track.boxes_px[0].tolist() == [3.0, 2.0, 9.0, 5.0]
    assert np.isnan(track.boxes_px[1]).all()


def test_a_person_is_in_a_frame_once_and_shapes_agree() -> None:
    parts: dict[str, Any] = {
        "keypoints_px": np.zeros((2, 1, 2)),
        "confidence": np.zeros((2, 1)),
        "skeleton": from_names(["nose"]),
    }
    assert KeypointTrack(**parts, frames=np.array([4, 4])).person is None
    for frames, person in (([4, 4], 1), ([4, 3], None)):
        with pytest.raises(ValueError, match="not in order, or a person twice"):
            KeypointTrack(**parts, frames=np.array(frames), person=person)
    parts |= {"confidence": np.zeros((2, 3)), "keypoints_px": np.full((2, 3, 2), np.inf)}
    with pytest.raises(ValueError, match="c: no keypoint track") as caught:
        KeypointTrack(**parts, frames=np.array([1, 2]), clip="c")
    for cause in ("confidence: shape (2, 3); expected (2, 1)", "keypoints_px: shape", "infinite"):
        assert cause in str(caught.value)


# Broken files


def listing(**changes: Any) -> str:
    """The JSON of one person in COCO's format; None removes a key."""
    flat = [10.0, 20.0, 0.5] * 17
    item = {"image_id": 1, "keypoints": flat} | changes
    return json.dumps([{key: value for key, value in item.items() if value is not None}])


PAIRS = [[1.0, 2.0]] * 17
BROKEN: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "truncated"),
    "nobody": ("[]", "no person in it"),
    "nobody in frames": ('{"instance_info": [{"frame_id": 1, "instances": []}]}', "no person"),
    "cut": (listing()[:-20], "truncated"),
    "no JSON": ("hello", "malformed"),
    "NaN": (listing().replace("10.0", "NaN", 1), "malformed"),
    "infinite": (listing().replace("10.0", "1e999", 1), ""),
    "far": (listing().replace("10.0", "1e9", 1), "coordinates up to 1e+09"),
    "negative confidence": (listing().replace("0.5", "-0.5", 1), "confidences below zero"),
    "not UTF-8": (b'[{"image_id": "\xff\xfe"}]', ""),
    "binary": (b"\x89PNG\x00\x01", "malformed"),
    "two numbers a point": (listing(keypoints=[1.0] * 34), "34 numbers; expected x, y, confidence"),
    "no keypoints": (listing(keypoints=None), "no 'keypoints'"),
    "keypoints of text": (listing(keypoints="none"), "keypoints: Expected"),
    "keypoints too deep": (listing(keypoints=[[[1.0, 2.0]]]), "keypoints: Expected"),
    "scores missing": (
        listing(keypoints=PAIRS, keypoint_scores=[1.0] * 3),
        "17 keypoints of [2] numbers, 3 scores",
    ),
    "no frame": (listing(image_id=None), "image_id 'None'; expected a frame number"),
    "frame without number": (listing(image_id="first.jpg"), "image_id 'first.jpg'"),
    "huge frame": (listing(image_id=10**15), "expected a frame number"),
    "huge identity": (listing(track_id=2**63), "identity 9223372036854775808; expected at most"),
    "frame past 64 bits": (listing(image_id=10**30), ""),
    "negative frame": (listing(image_id=-4), "image_id '-4'"),
    "a wrong object": ('{"annotations": []}', "neither 'people' nor 'instance_info'"),
    "people no list": ('{"people": 3}', "Expected `array | null`"),
    "frames without number": ('[{"instances": []}]', "frame_id None"),
    "deep": ("[" * 200_000, "Expected `object`, got `array`"),
    "deep inside": ('[{"image_id": 1, "extra": ' + "[" * 200_000, "deeper"),
    "deep objects": ('{"people": [], "a": ' + '{"a":' * 200_000, "deeper"),
    "other counts": (
        listing()[:-1] + "," + listing(keypoints=[1.0, 2.0, 0.5] * 26)[1:],
        "people of 17, 26 points; expected the 17",
    ),
    "twice by id": (
        json.dumps([{"image_id": 1, "track_id": 1, "keypoints": [5.0, 6.0, 1.0] * 17}] * 2),
        "1 people are twice in one frame",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_error_with_the_cause(name: str, tmp_path: Path) -> None:
    data, cause = BROKEN[name]
    path = tmp_path / "bad_file.json"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    with pytest.raises(ValueError, match=r"bad_file\.json") as caught:
        readers.read_keypoints(path)
    assert cause in str(caught.value)
    assert "Write the keypoints again" in str(caught.value)


def test_a_broken_folder_names_every_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a folder without"):
        readers.read_keypoints(tmp_path)
    write_openpose(crowd(0, 25), tmp_path, ids=False)
    (tmp_path / "a_000000000001_keypoints.json").write_text('{"people": []}')
    (tmp_path / "notes.json").write_text('{"people": []}')
    (tmp_path / "my2clip_000000000002_keypoints.json").write_text("{")
    (tmp_path / "my2clip_000000000003_keypoints.json").write_text("[]")
    with pytest.raises(ValueError, match="expected 2D keypoints") as caught:
        readers.read_keypoints(tmp_path, fps=-1.0)
    for cause in (
        "my2clip_000000000001_keypoints.json: the same frame number as a_000000000001_keypoints",
        "notes.json: no frame number",
        "my2clip_000000000002_keypoints.json: Input data was truncated",
        "my2clip_000000000003_keypoints.json: no 'people'",
        "fps: -1.0",
    ):
        assert cause in str(caught.value)


def test_sizes_are_checked_before_anything_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(crowd(0, 17), "coco", folder, ids=True)
    open_folder = write_openpose(crowd(0, 17), folder / "large", ids=True)
    monkeypatch.setattr(keypoints2d, "MAX_JSON_BYTES", 100)
    with pytest.raises(ValueError, match=r"people\.json: .* expected at most 100"):
        readers.read_keypoints(path)
    with pytest.raises(ValueError, match="expected at most 100"):
        readers.read_keypoints(open_folder)
    monkeypatch.setattr(keypoints2d, "MAX_FILES", 2)
    with pytest.raises(ValueError, match="4 files; expected at most 2"):
        readers.read_keypoints(open_folder)


@settings(max_examples=200)
@given(data=st.data(), tool=st.sampled_from(["coco", "alphapose", "mmpose"]))
def test_damage_anywhere_is_harmless_or_refused(
    data: st.DataObject, tool: str, folder: Path, read_damaged
) -> None:
    whole = saved(crowd(0, 17, frames=1), tool, folder, ids=True).read_bytes()
    read_damaged(data, whole, folder / "mutated.json", readers.read_keypoints)


def test_formats_are_recognised_by_their_contents(folder: Path, tmp_path: Path) -> None:
    for tool in TOOLS:
        assert keypoints2d.recognise(saved(crowd(0, 17), tool, folder, ids=True)), tool
    (tmp_path / "a.txt").write_text("hello")
    assert not keypoints2d.recognise(tmp_path / "a.txt")
    assert not keypoints2d.recognise(tmp_path)


# A recorded trial


def test_a_recorded_trial_comes_back_from_openposes_folder(
    real_motions: Path, tmp_path: Path
) -> None:
    with np.load(real_motions / "keypoints2d" / "pose2sim_balancing.npz") as trial:
        camera, size = trial["kp2d"][0].astype(np.float64), trial["cam_size"][0]
        names, fps = [str(name) for name in trial["kp_names"]], float(trial["fps"])
    people = [
        (frame, person, np.nan_to_num(camera[frame, person]))
        for frame in range(len(camera))
        for person in range(camera.shape[1])
        if np.isfinite(camera[frame, person]).any()
    ]
    write_openpose(people, tmp_path / "cam", ids=False, frames=len(camera))
    layout = from_names(names, name="body_25b")
    [track] = readers.read_keypoints(
        tmp_path / "cam", skeleton=layout, fps=fps, image_size_px=(int(size[0]), int(size[1]))
    )
    assert track.person is None
    assert layout.missing == ()
    assert track.times_s[-1] == pytest.approx((len(camera) - 1) / fps)
    theirs = np.array([rows[:, :2] for _, _, rows in people])
    np.testing.assert_array_equal(np.nan_to_num(track.keypoints_px), theirs)
    heights = track.boxes_px[:, 3] - track.boxes_px[:, 1]
    assert 100 < np.median(heights[np.isfinite(heights)]) < 1900
