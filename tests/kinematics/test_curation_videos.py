"""Videos to keypoints, with networks that the tests make.

The networks have the inputs and outputs of YOLOX and RTMPose, and detect people by the brightness
of the picture, so that the real code for loading, scaling and decoding runs.
"""

from pathlib import Path

import numpy as np
import pytest

from kinematics.curation import background, intake, run, videos
from kinematics.curation.limits import Limits

av = pytest.importorskip("av")
_NEEDS = "install the extra: pip install 'kinematics-qa[curation]' (and onnx, for this test)"
cv2 = pytest.importorskip("cv2", reason=_NEEDS)
onnx = pytest.importorskip("onnx", reason=_NEEDS)
pytest.importorskip("rtmlib", reason=_NEEDS)
pytest.importorskip("onnxruntime", reason=_NEEDS)
pytest.importorskip("scenedetect", reason=_NEEDS)

SIDE = 480
DETECTOR_SIDE, POSE_SIZE = 64, (64, 48)  # height and width of RTMPose's input
BOX = np.array([140.0, 80.0, 340.0, 400.0])


def save(
    path: Path, nodes: list, size: tuple[int, int], outputs: dict[str, list[int]], **constants
):
    from onnx import TensorProto, helper, numpy_helper

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "tiny",
        [value("input", TensorProto.FLOAT, [1, 3, *size])],
        [value(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A detector that sees a person in bright pictures, and a pose that is a grid."""
    from onnx import helper

    folder = tmp_path_factory.mktemp("weights")
    node = helper.make_node
    scale = DETECTOR_SIDE / SIDE
    box = np.array([[[*(BOX * scale), 0.0]]], np.float32)
    # the score is the mean brightness: a dark picture shows nobody
    save(
        folder / "detector.onnx",
        [
            node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
            node("Mul", ["mean", "gain"], ["bright"]),
            node("Reshape", ["bright", "shape"], ["score"]),
            node("Mul", ["score", "last"], ["placed"]),
            node("Add", ["box", "placed"], ["output"]),
        ],
        (DETECTOR_SIDE, DETECTOR_SIDE),
        {"output": [1, 1, 5]},
        gain=np.float32(1 / 100),
        shape=np.array([1, 1, 1]),
        last=np.array([[[0, 0, 0, 0, 1]]], np.float32),
        box=box,
    )
    height, width = POSE_SIZE
    across, down = (np.zeros((1, 17, 2 * side), np.float32) for side in (width, height))
    for point in range(17):
        across[0, point, 10 + 4 * point], down[0, point, 20 + 4 * point] = 0.9, 0.8
    save(
        folder / "pose.onnx",
        [
            node("ReduceMax", ["input"], ["most"], axes=[1, 2, 3], keepdims=0),
            node("Mul", ["most", "nothing"], ["zero"]),
            node("Add", ["across", "zero"], ["simcc_x"]),
            node("Add", ["down", "zero"], ["simcc_y"]),
        ],
        POSE_SIZE,
        {"simcc_x": [1, 17, 2 * width], "simcc_y": [1, 17, 2 * height]},
        nothing=np.float32(0),
        across=across,
        down=down,
    )
    return {"detector": folder / "detector.onnx", "pose": folder / "pose.onnx"}


def texture(seed: int) -> np.ndarray:
    """Smooth noise that a point tracker can follow, larger than the picture."""
    noise = np.random.default_rng(seed).uniform(40, 255, (60, 60, 3)).astype(np.float32)
    return cv2.resize(noise, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 255)


def film(path: Path, scenes: list[tuple[int, np.ndarray]], *, step_px: int, fps: int = 10) -> None:
    """Writes scenes, each a number of frames and a texture along which the camera moves."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width = stream.height = SIDE
        stream.bit_rate = 8_000_000
        for frames, wall in scenes:
            for number in range(frames):
                x = number * step_px
                cut = np.ascontiguousarray(wall[100 : 100 + SIDE, x : x + SIDE]).astype(np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(cut, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds before one wall, three before another."""
    path = tmp_path_factory.mktemp("videos") / "walls.mp4"
    film(path, [(60, texture(0)), (30, texture(1) * 0.6)], step_px=2)
    return path


def test_size_and_length_come_from_the_container(video):
    about = videos.look(video)
    assert (about.width_px, about.height_px) == (SIDE, SIDE)
    assert about.duration_s == pytest.approx(9.0, abs=0.11)


def test_scenes_are_split_at_the_cut(video):
    scenes = videos.split(video)
    assert len(scenes) == 2
    assert scenes[0] == pytest.approx((0.0, 6.0), abs=0.11)
    assert scenes[1] == pytest.approx((6.0, 9.0), abs=0.11)


def test_pictures_keep_their_times_and_colours(video):
    shown = list(videos.pictures(video, start_s=2.0, end_s=4.0, rate_hz=5.0))
    times_s = np.array([time_s for time_s, _ in shown])
    np.testing.assert_allclose(times_s, np.arange(2.0, 4.0, 0.2), atol=0.051)
    true = texture(0)[100 : 100 + SIDE, 40 : 40 + SIDE]
    assert np.abs(shown[0][1] - true).mean() < 12


def test_people_have_their_boxes_and_keypoints(weights):
    estimator = videos.Estimator(**weights)
    bright = np.full((SIDE, SIDE, 3), 200, np.uint8)
    boxes, points, sure = estimator.people(bright)
    np.testing.assert_allclose(boxes, BOX[None], atol=1e-3)
    assert (points.shape, sure.shape) == ((1, 17, 2), (1, 17))
    height, width = POSE_SIZE
    # the network gets the box widened by a quarter, in its own aspect ratio
    middle, size = (BOX[:2] + BOX[2:]) / 2, 1.25 * (BOX[2:] - BOX[:2])
    size = np.maximum(size, size[::-1] * [width / height, height / width])
    inside = np.stack([(10 + 4 * np.arange(17)) / 2, (20 + 4 * np.arange(17)) / 2], axis=1)
    expected = inside / [width, height] * size + middle - size / 2
    np.testing.assert_allclose(points[0], expected, atol=1e-3)
    np.testing.assert_allclose(sure, 0.8, atol=0.06)
    assert all(len(array) == 0 for array in estimator.people(np.zeros_like(bright)))


def test_invalid_weights_are_refused(weights, tmp_path):
    with pytest.raises(ValueError, match=r"absent\.onnx: no such file"):
        videos.Estimator(detector=tmp_path / "absent.onnx", pose=weights["pose"])
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"broken\.onnx: not a usable ONNX model"):
        videos.Estimator(detector=broken, pose=weights["pose"])


def test_the_background_is_followed_around_people(video):
    followed, boxes = videos.Background(), BOX[None]
    for _, picture in videos.pictures(video, start_s=0.0, end_s=3.0):
        followed.add(picture, boxes)
    tracks = followed.tracks()
    assert tracks.shape[0] == 30
    seen = np.isfinite(tracks[..., 0])
    assert (seen.sum(axis=1) > 60).all()
    inside = ((tracks > BOX[:2] + 1) & (tracks < BOX[2:] - 1)).all(axis=-1)
    assert not inside.any()
    motions = background.camera_motions(tracks, image_size_px=(SIDE, SIDE), limits=Limits())
    for motion in motions:
        np.testing.assert_allclose(motion.matrix, [[1, 0, -2], [0, 1, 0], [0, 0, 1]], atol=0.4)


def test_a_video_is_curated_scene_by_scene(video, weights, tmp_path):
    options = run.Options(**weights)
    reports = run.curate(intake.find([video], {}), tmp_path / "kept.jsonl", options=options)
    assert [report.error for report in reports] == [None, None]
    long, short = reports
    assert (long.clip, short.clip) == ("walls#0", "walls#1")
    assert short.last.reason == "scene_s too small"
    # the grid is fixed in the picture while the wall moves: a person whom the camera follows
    assert long.rule == "background"
    stages = ["metadata", "scene", "people", "action", "camera"]
    assert [verdict.stage for verdict in long.verdicts] == stages
    assert long.verdicts[3].kept
