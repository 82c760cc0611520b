"""2D keypoints as pose estimators write them, of people who come and go."""

import json
from pathlib import Path
from typing import Any

import numpy as np

People = list[tuple[int, int, np.ndarray]]
"""Frame, person, and rows of x, y, confidence."""


def crowd(seed: int, points: int, frames: int = 4, persons: int = 2) -> People:
    """People who come and go, in any order within a frame, with points that were not found."""
    noise = np.random.default_rng(seed)
    found: People = []
    for frame in range(frames):
        for person in noise.permutation(persons):
            if noise.random() < 0.8 or frame == person == 0:
                rows = noise.uniform(5, 900, (points, 3)).round(3)
                rows[:, 2] = noise.uniform(0.1, 1, points).round(4)
                rows[noise.random(points) < 0.2] = 0.0
                rows[0] = [500.0, 400.0, 0.5]
                found.append((frame, int(person) + 1, rows))
    return found


def coco(people: People, *, ids: bool) -> Any:
    return [
        {
            "image_id": frame,
            "category_id": 1,
            "keypoints": rows.ravel().tolist(),
            "score": 0.9,
            **({"track_id": person} if ids else {}),
        }
        for frame, person, rows in people
    ]


def alphapose(people: People, *, ids: bool) -> Any:
    return [
        {
            "image_id": f"clip3_{frame:06d}.jpg",
            "category_id": 1,
            "keypoints": rows.ravel().tolist(),
            "score": 2.1,
            "box": [1.0, 2.0, 3.0, 4.0],
            "idx": [float(person if ids else 0)] if person % 2 else person if ids else 0,
            "pred_xyz_jts": [[0.0, 0.0, 0.0]],
        }
        for frame, person, rows in people
    ]


def mmpose(people: People, *, ids: bool, bare: bool = False) -> Any:
    frames: dict[int, list[Any]] = {frame: [] for frame, _, _ in people}
    for frame, person, rows in people:
        one = {
            "keypoints": rows[:, :2].tolist(),
            "keypoint_scores": rows[:, 2].tolist(),
            "bbox": [[1.0, 2.0, 3.0, 4.0]],
            "bbox_score": 0.8,
        }
        frames[frame].append(one | ({"track_id": person} if ids else {}))
    listed = [{"frame_id": frame, "instances": found} for frame, found in frames.items()]
    return listed if bare else {"meta_info": {"dataset_name": "any"}, "instance_info": listed}


def write_openpose(people: People, folder: Path, *, ids: bool, frames: int = 4) -> Path:
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for frame in range(frames):
        listed = [
            {
                "person_id": [person if ids else -1],
                "pose_keypoints_2d": rows.ravel().tolist(),
                "face_keypoints_2d": [],
            }
            for at, person, rows in people
            if at == frame
        ]
        path = folder / f"my2clip_{frame:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": listed}))
    return folder


def saved(people: People, tool: str, folder: Path, *, ids: bool, frames: int = 4) -> Path:
    """Writes the people as a tool does, over what was there; gives the file or folder."""
    if tool == "openpose":
        return write_openpose(people, folder / "openpose", ids=ids, frames=frames)
    made = {
        "coco": lambda: coco(people, ids=ids),
        "alphapose": lambda: alphapose(people, ids=ids),
        "mmpose": lambda: mmpose(people, ids=ids),
        "mmpose bare": lambda: mmpose(people, ids=ids, bare=True),
    }[tool]()
    path = folder / "people.json"
    path.write_text(json.dumps(made))
    return path


TOOLS = ("coco", "alphapose", "mmpose", "mmpose bare", "openpose")


def keypoint_files(folder: Path, frames: int) -> list[Path]:
    """One file or folder of every tool, with identities and without."""
    people = crowd(5, 17, frames=frames)
    found = []
    for ids in (True, False):
        for tool in TOOLS:
            home = folder / f"{tool.replace(' ', '_')}_{'named' if ids else 'unnamed'}"
            home.mkdir()
            path = saved(people, tool, home, ids=ids, frames=frames)
            found.append(path.rename(home / f"{home.name}{path.suffix}"))
    return found
