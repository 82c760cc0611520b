"""Unpickling: the files of tools are read, and no code in a file is ever run."""

import base64
import io
import pickle
import pickletools
import struct
import zipfile
import zlib
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from kinematics import readers
from kinematics.readers import pickled, plain_classes, unpickle

# Files written by torch 2.13 and joblib 1.6, compressed: their actual layouts.
REAL_FILES = {
    "torch archive": (
        "eNqlVs9v21Qcf0naJPPWnwPaFSg/xo8UujR2YifduqbzhjkYidaDEfUSuYmXWLhxv85LKyYhVUIt7DZunBBCQo"
        "gTRzihiv9gk0AcuHEYnMaRG7xnJ57f29KM5imO4+R9fnyf3/cTr+uJEYTSafTImETTyPRqTXvXWqqb2MzufOho"
        "6jjaZMZ+/GNAmUqSAHDHa1l1iNWwS2DZagfbTluoetZWx3bqVWy12q5X3ZUEiGcylRRBtMlMs2FBIoAImuOa+H"
        "rwpQAjlRiZk4PRSoKcazsdSOpJDKkNHekJPX4IaT2mJw7h1O1azXUcq4Ztt9UW3vXqlmfVr9k1LICwYMBpDGcM"
        "GKuMEpYtz7RbMN4kDpo9VdWXFZVQeMIXFmGymdTjGKaoYPwApvXYAZy93aScT2F42oBnKqfIxB3TM7ctbHkw06"
        "f0cIYAs4F0MyhOgnOBxlxX41mq8Vyg8TyGeQNe+My/ePFTeMmAlyvkZqE9u27BeYYoD68ERK+Gq/Ma+RA7hNcD"
        "sgwG8v6Gvwh7Tdex4E1mEd5xW41wARZ9zgJcIJwxDFnCubAQ8CxhyBkg+jw3HbPRBoldTNd1Qp68zyNDIfAmd4"
        "tUaJHFgK+EYdmAi35dLbdlwSWmLgVWCBZhuEyxiN7uVVIeqasc4NcwXDFA9fFt+5YFV7tGrpMLAa7pcYp56wA0"
        "A97uZNf1VPre17P17+MI0WO97/afQWfC7Z+96XrbJq7uWl6b7DFNTYddIFLGHx78/gl1S4/+jHOo+JCxu/Wrpm"
        "M3WttWC2tqnmutJxpKgRoo78FfpBoUP9bAFCqHBrY+wpZLO0VTL51EtzccG2PHoh4OLv9xjsZA8lgP42iVSZWl"
        "nKZeHMJAwLpfJm9r5EWOfXJ8tUYdzdy5//ks+WF2gKNF1pGoqZkndnRUnjyiWjeufvEd3YMjA7TWWC1JU1eGWf"
        "7NoPb9MvVwZyP5CxVND/CwwnrIa2oJDaeP/PXe/aacPYF+YRj9VJeV6u/8et89gb48jH7MV/7p/M8Vtv/QY5VV"
        "VlnR1NWh7v7mZv86J9DZUC0MrgleLi9Q/3e/bLw/OD/mkfQwwPwC2pZnkwS7ZdK/3qpd19Ts/6wnp5SWZWlZVg"
        "rFkizlFFkulkSpUCiIoihLBaWg5EWxKOeoy3/+/vaDDPGR8V3GqNnQZzTUJx9xzj/H8OhogM8wyH/jqN/fAE8S"
        "DeE5hmQjgY5Jfp4nGqRTDM+9CE8Y4Dw8mnrjDPzGCOKyl8dGU4zF/sljRR4bTR8W+94oh5V4bDQ5WOxvPDbPY6"
        "Ndz2LpUymbNDw22recLo+Ve9jHd3Z0GCkOq/C60X6bYLBHEWyffRZtg3kGPJ1GAxp0XU8mF3vtnLgQIse4czER"
        "nH9M9+I16Sftg9PBdfCkM5oMMGP+/GDufzY7t28="
    ),
    "torch stream": (
        "eNp1U9lu00AU9ZKFGlrCTlnLnrIEx3XchK2llPBgVvfFL8hynaE2Mp5ee9IKpEp5aWn5Bh545DP6O3wCEg/csZ"
        "2oQWbksWfGd84599yZgfRNCf987/6e+fjz7XRjIL36JeN7C4S6XRMEYT2mjHo0dDZInAQ0AhED7En8EwaMhcQh"
        "US9wI5B2bQUX2ed14iTBF5KAvAWlul3GxcSnMYOyKdkyzoKIQcUs2SWOQaM1qJqlfn/IWeEg/TgiPRA9RmPPbz"
        "h9FoSJ4sRktR+EPYeRKKGxs6EpINXrdpUzYKS7RkDOtijdkLpsJVtUoGRPYUxHb8+3tGbHMDRdVaGcivHW+yim"
        "8ppB9Z0pmLIp7cAhUzTlHZjY8zDvkHgM006UN3GPxKS3HHhMAWXWgsMMjlgwmWa4GrtBBFM+6vGHGpZSEU1jJO"
        "PouIy2ruttqPkVU0L6Y5xe2objprgNJ/Z8znCSwSkLTtsTvA5u7H4ijMRw5j+2jCIUOJsJ8ccT1ztaa96A6Zzx"
        "XM54njNeyBgvMrhkweXddDLzFa5YcDUt1GbQI3CtELbTMpodDa7nsDdGPt7EgbgDtzLoOgN8307t2vRpSODOmF"
        "0v8SiMrLp7gEFTVW2u2dbhHjKIyNBAhtnZDPU+A9WCZor6IXTXEtDGi0BpOEKdG9PdNnQVC6Dnulu5HQa3Yz5D"
        "bzPoWPAgdSCiEYGHhQ4gUtNQ4REiCYj0mCMJ/Ag9QSPQgYUMbZHBUwuWUjR+ReBZLnIFJwosmxLf83wbuha84B"
        "fiPb8QBRUUi86zVHS65KKMC8WXi2paKSpDlTQkYdgGC7xXhIONrwmL+GAfYP+xOIzfX6jtD8fiKF76Z+fwTzX/"
        "/gVv+SOx"
    ),
    "numpy dictionary of tensors": (
        "eNrdlu9v0kAYx/sLyJgzi5ole4evgGQhgIyBb1g2sxfWsbnFBF8sTWlva03p0euVBR0Jb5jD9B3nO1/40j9j/4"
        "5/gnGJPqWdgg6zxDfihV65p99e7z73fa4d1V/s7r/kuQ73Jq0jVyPpx6n02V56LZU+xoQS1VYw0VEQ3lEtF0Hc"
        "NdQ2gnYmu5bqpf6uJPvS+84CNy7+iu212t2comGCci3PoqZKiNpl/h2FIA3bLiWeRtmI+bGxkvkJWw8lIyZzA7"
        "bNN9lbdsAyMp81RD+m024bBXphr8KGF+El0efPWL1ef/oNyriSa5Q1h0esxzJ+nHrERjo8k2KiGTnFo6blMv8e"
        "DKHpmZauUGS7mCidInSc8ZdCmQsn9QQxf1mxsKorxwS3lGaXIhdUW/d5jusL75LW1YedL6lXn/ZXc31h97MIdc"
        "/hMo1lmH2bYIo1bCkdRFwT2w4PgsYSXLFMSi2kIFs3VdsRLhpJCAYzU1zzNXIdsedImUYMgq4BS+bEZKEhQsu0"
        "qROXpYYU9IHtEychS54Hz8w0EoE4HLLDaeMpJHdg4PQwDCYdvnEXNNVSZWO9WKiWy8VSPu+E/WptzxHleJ060n"
        "Po7cjhbtLyai7OTZZ+DapN+MHRh+PjJhvAgsicLMrCOZN5WTxnQ38RGFhIo4AAsC/uBeZD+hNzvPDZA0bhHj/W"
        "JKppM2MlY6xuCfNAd2uMt1CeBbhSKpUqU4CFmYBDLQAWIrSXteXLa5jCAFAO2NB4eA1roa0StYUoIsx4MGHkn+"
        "FRRFKcd5+WqsX1jfLtMEbaCYyhR/u1mSgvxv+CbcSXTk0d/S/YquvlQrV4O2yR9jds3C/pzMn8+aQLY6cGttA8"
        "pewzkNwIrJjPFx8VKqUpYPzNwH5oARgf4UpE5whYNjuJ6dhST9wQ0/bVv7+tYWzNMFWlXMrfdkuLtBOm4rnZG5"
        "pkYzty0vbXuU48mHehPP1e5f7AKNACI27aP0HKQcKJvyScFMwCDDUeBTQPgyZ8JwmBOrjTU+GzJ/cdXG3hqg=="
    ),
    "joblib": (
        "eNp9UUtLw0AQzqu2WKHVWkVE7LFecvLgQbBS8GAgBz14EcLmUXd18yDZUHIQ9GCtsDen/9N/UDfJFloE57DfzM"
        "58zDczb8airyqV8bYXUxp4jMRRBrztBxOUU+YTj8E38JabE8pImTLk3wfcgaW/wpAbaTwVid5z7FLimlEeJoWT"
        "EO+FBsB37TK8TlNUPKQoSYJUcM/eoSS2stz1KMoEuVGxgDcjH5W1ZdNGhlESgKVZ+kxEceoLMlfHwvdZITK4u/"
        "JEtTa5gK/5p1A1tHSuXoJt27dLYdVjKQxcvo0ojadOGKIE5vy4Vlr1cxAlT1EYRMxxCxZkYHVzt7PcNGXDfq6k"
        "M6qhJbErcX+0uJcVvCm2m4difXinnh138B7u1aPhPldvAB/iI66RtSHwyd8R8OkcD0pt+poeXaK8pWJI1CQ2JC"
        "4eV3r0OBK3OagWYDpenAZmKM5N6t3zrcxDFJWXKjVNzv/XNBb9BiOYiYo8M38B37LT/Q=="
    ),
    "joblib zlib": (
        "eNoBewGE/nhebVFNS8NAEG2b1BYrtFqriIg91ktPHjwIVgoeDOSgBy9C2HzUXd18kGwoPQh6sFbYm9P/6T/Q2W"
        "SLBZ1DZiYzb+fNmxdz2atWCpMtL+Y88ASLowxkyw8mJOfCZ56AT5BNN2dcMFUy9b83uAHLeIaBNNN4ioXuY+xy"
        "5g6jPExmTsK8Jx6A3LZVepmmZHaXkiQJUnzv5BUUsJnlrsdJhuB6gQLZiHyietXQekZJEoBVs4w5ZnHqI1hWxx"
        "j7YoYV2llF2F2bnMHH4h1ZDSxDVs/Btu3rb7TiY1UEuHKTcB5PnTAkCSzkYcm0mOcQzh6iMIiE485EkIHVyd22"
        "Qq5ZKdXKvi50NCp9U/uO9ruj5a3ukA1UNw9RPrpV7k7bdId2y9VoT1avgO7TA1lja0vQo78r0OMF7StuBvJaMT"
        "F0oG9ZMXVe076u/fJ+xceII7zNXiHA0PHiNBiGeG5Wai83Mo9woi6lOE1Of4X9j9MY5/VHMEfp82z4A9+y0/13"
        "HrtB"
    ),
    "joblib gzip": (
        "eNoBhwF4/h+LCAAAAAAAAANtUU1Lw0AQbZvUFiu0WquIiD3WS08ePAhWCh4M5KAHL0LYfNRd3XyQbCg9CHqwVt"
        "ib0//pP9DZZIsFnUNmJjNv582bF3PZq1YKky0v5jzwBIujDGTLDyYk58JnnoBPkE03Z1wwVTL1vze4Act4hoE0"
        "03iKhe5j7HLmDqM8TGZOwrwnHoDctlV6maZkdpeSJAlSfO/kFRSwmeWux0mG4HqBAtmIfKJ61dB6RkkSgFWzjD"
        "lmceojWFbHGPtihhXaWUXYXZucwcfiHVkNLENWz8G27etvtOJjVQS4cpNwHk+dMCQJLORhybSY5xDOHqIwiITj"
        "zkSQgdXJ3bZCrlkp1cq+LnQ0Kn1T+472u6Plre6QDVQ3D1E+ulXuTtt0h3bL1WhPVq+A7tMDWWNrS9CjvyvQ4w"
        "XtK24G8loxMXSgb1kxdV7Tvq798n7Fx4gjvM1eIcDQ8eI0GIZ4blZqLzcyj3CiLqU4TU5/hf2P0xjn9UcwR+nz"
        "bPgDpeP/11UCAAA5c7t0"
    ),
}


def real(name: str, folder: Path, *, suffix: str = ".pt") -> Path:
    path = folder / f"real{suffix}"
    path.write_bytes(zlib.decompress(base64.b64decode(REAL_FILES[name])))
    return path


def loaded(data: bytes, folder: Path, *, suffix: str = ".pkl") -> Any:
    path = folder / f"some_file{suffix}"
    path.write_bytes(data)
    return pickled.load(path)


# Files of tools


@pytest.mark.parametrize("name", ["torch archive", "torch stream", "numpy dictionary of tensors"])
def test_tensors_are_read_as_torch_wrote_them(name: str, tmp_path: Path) -> None:
    path = real(name, tmp_path, suffix=".npy" if name.startswith("numpy") else ".pt")
    assert pickled.recognise(path)
    held = pickled.load(path)
    np.testing.assert_array_equal(held["turned"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(held["brain"], np.array([1.5, -2.25], np.float32))
    np.testing.assert_array_equal(held["wide"], [[1, 2]] * 3)
    assert held["parameter"].tolist() == [1.0, 1.0]
    assert held["whole"].shape == ()
    assert int(held["whole"]) == 7
    assert held["flags"].tolist() == [True, False]
    assert held["none"].shape == (0, 3)
    assert held["size"] == (2, 3)
    assert {held[n].dtype for n in ("turned", "brain", "none")} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ["joblib", "joblib zlib", "joblib gzip"])
def test_arrays_are_read_as_joblib_wrote_them(name: str, tmp_path: Path) -> None:
    path = real(name, tmp_path, suffix=".pkl")
    assert pickled.recognise(path)
    held = pickled.load(path)
    assert list(held) == [3]
    np.testing.assert_array_equal(held[3]["rows"], np.arange(6.0).reshape(2, 3))
    np.testing.assert_array_equal(held[3]["columns"], np.arange(6).reshape(2, 3))
    assert held[3]["one"] == np.float32(2.5)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**200), 2**200)
    | st.floats(allow_nan=False)
    | st.text(max_size=300)
    | st.binary(max_size=300)
    | st.builds(np.float32, st.floats(width=32, allow_nan=False))
    | arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_, "<U3", ">f4"]),
        array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ).filter(lambda array: array.dtype.kind != "f" or not np.isnan(array).any()),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3).map(OrderedDict)
        | st.sets(st.integers() | st.text(max_size=3), max_size=4)
    ),
    max_leaves=12,
)


def same(value: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        return value.dtype == expected.dtype and np.array_equal(value, expected)
    if isinstance(expected, dict):
        return list(value) == list(expected) and all(same(value[k], expected[k]) for k in expected)
    if isinstance(expected, list | tuple):
        pairs = zip(value, expected, strict=True)
        return type(value) is type(expected) and all(same(a, b) for a, b in pairs)
    return bool(type(value) is type(expected) and value == expected)


@settings(max_examples=150)
@given(value=PLAIN, protocol=st.integers(0, 5))
def test_plain_data_comes_back_as_python_would_read_it(
    value: Any, protocol: int, folder: Path
) -> None:
    assert same(loaded(pickle.dumps(value, protocol=protocol), folder), value)


def test_shared_values_stay_shared() -> None:
    rows = np.arange(6.0)
    held = unpickle.run(pickle.dumps([rows, {"again": rows}])).value
    assert held[0] is held[1]["again"]


def test_byte_strings_of_python_2_are_read(tmp_path: Path) -> None:
    numbers = np.arange(3.0)
    raw = numbers.tobytes()
    by_hand = (  # protocol 0 and 2, as the cPickle of Python 2 wrote arrays
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x03\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89U" + bytes([len(raw)]) + raw + b"tb."
    )
    np.testing.assert_array_equal(loaded(by_hand, tmp_path), numbers)
    escaped = b"(dp0\nS'name'\np1\nS'caf\\xe9 \\'s\\n'\np2\ns."
    assert loaded(escaped, tmp_path) == {"name": "café 's\n"}


def test_a_defaultdict_becomes_a_plain_dictionary() -> None:
    held = defaultdict(dict)
    held[1]["a"] = 2
    value = unpickle.run(pickle.dumps(held)).value
    assert type(value) is dict
    assert value == {1: {"a": 2}}


def test_arrays_cannot_be_written_to() -> None:
    for protocol in (2, 4, 5):
        array = unpickle.run(pickle.dumps(np.zeros(3), protocol=protocol)).value
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


# Malice


class Command:
    """Runs a command when Python unpickles it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (str(self.target), "w"))


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as whole:
        for name, data in members.items():
            whole.writestr(name.replace("__", "/"), data)
    return file.getvalue()


def objects_npy(data: bytes) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": ()})
    return file.getvalue() + data


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("wrapping", ["pkl", "pt", "pth", "npy", "zlib"])
def test_a_file_that_would_run_a_command_runs_nothing(
    wrapping: str, protocol: int, tmp_path: Path
) -> None:
    target = tmp_path / "written_by_malice"
    bad = pickle.dumps({"people": Command(target)}, protocol=protocol)
    data = {
        "pkl": bad,
        "pth": bad,
        "pt": archive(a__data=b"", **{"archive__data.pkl": bad}),
        "npy": objects_npy(bad),
        "zlib": zlib.compress(bad),
    }[wrapping]
    path = tmp_path / f"evil.{'pkl' if wrapping == 'zlib' else wrapping}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"evil.*refers to (io|builtins|__builtin__|_io)\.open"):
        readers.read(path)
    assert not target.exists()
    if wrapping == "pkl":  # Python's own unpickler does run it
        pickle.loads(bad)["people"].close()
        assert target.exists()


def joblib_wrapped(shape: str, dtype: bytes = b"f8", then: bytes = b"") -> bytes:
    """An array as joblib writes it, with any shape."""
    state = (
        b"}(X\x05\x00\x00\x00shape" + shape.encode("latin-1") + b"X\x05\x00\x00\x00dtype"
        b"cnumpy\ndtype\nX\x02\x00\x00\x00" + dtype + b"\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbu"
    )
    return b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"b" + then


def described(dtype: str) -> bytes:
    """A pickle of one dtype with any description."""
    text = dtype.encode("utf-8", "surrogatepass")
    return b"\x80\x02cnumpy\ndtype\nX" + struct.pack("<I", len(text)) + text + b"\x89\x88\x87R."


@pytest.mark.parametrize("dtype", [",8", "f8,", "(2,", "a3", "O&", "f4:", "3f", "", "f3", "U" * 99])
def test_a_damaged_dtype_is_refused_by_name(dtype: str, tmp_path: Path) -> None:
    (tmp_path / "odd.pkl").write_bytes(described(dtype))
    with pytest.raises(ValueError, match=r"odd\.pkl: (dtype|numpy\.dtype)"):
        readers.read(tmp_path / "odd.pkl")


@given(dtype=st.text(max_size=20) | st.text("biufSUO<>|=?,:()0123456789", max_size=8))
def test_any_description_of_a_dtype_is_read_or_refused(dtype: str) -> None:
    try:
        value = unpickle.run(described(dtype)).value
    except ValueError:
        return
    assert value.dtype.kind in "biufSUO"
    assert value.dtype.names is None


def tensor(
    sizes: bytes, strides: bytes, offset: bytes = b"K\x00", count: bytes = b"K\x02"
) -> bytes:
    """A torch archive of one tensor with any sizes, over two floats."""
    storage = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    )
    body = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + count + b"tQ" + offset + sizes
        + strides + b"\x89NtR."
    )  # fmt: skip
    return archive(**{"a__data.pkl": body, "a__data__0": struct.pack("<2f", 1, 2)})


HUGE = b"\x8a\x08" + (2**60).to_bytes(8, "little")
BAD = {
    "empty": (b"", "0 bytes"),
    "nothing after the start": (b"\x80\x04", "ends in the middle"),
    "an empty stack": (b"\x80\x02.", "not there"),
    "another class": (pickle.dumps(Path("a")), "refers to pathlib."),
    "a function": (pickle.dumps(getattr), "refers to builtins.getattr"),
    "numpy's own loader": (b"cnumpy\nload\n.", "refers to numpy.load"),
    "a dotted way around": (b"\x80\x04\x8c\x05numpy\x8c\tndarray.f\x93.", "numpy.ndarray.f"),
    "an instance": (b"(ios\nsystem\n.", "refers to os.system"),
    "an old object": (b"(cos\nsystem\no.", "refers to os.system"),
    "an extension": (b"\x82\x01.", "0x82"),
    "bytes longer than the file": (b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.", "in the middle"),
    "a long integer": (b"\x8b\x00\x01\x00\x00" + bytes(256) + b".", "integer of 256 bytes"),
    "many digits": (b"I" + b"1" * 5000 + b"\n.", "integer of 5,000 digits"),
    "deep": (b"(" * 300 + b".", "deeper than 200"),
    "a memo that is not there": (b"j\x00\x00\x00\x7f.", "never kept"),
    "text that is none": (b"X\x01\x00\x00\x00\xff.", "damaged"),
    "a number that is none": (b"Fone\n.", "damaged"),
    "keys that nest": (b"}))s.", "neither numbers nor text"),
    "a set that nests": (b"\x8f()\x90.", "something other"),
    "a key alone": (b"}(K\x01u.", "key without a value"),
    "filling a number": (b"K\x01K\x02a.", "fills a int"),
    "calling a number": (b"K\x01)R.", "calls a int"),
    "making an array directly": (b"cnumpy\nndarray\nK\x05\x85R.", "only its class"),
    "a state for nothing": (b"K\x01}b.", "sets the state of a int"),
    "a reference outwards": (b"K\x01Q.", "outside of the file"),
    "a shape of huge claim": (
        joblib_wrapped("(" + HUGE.decode("latin-1") + "t") + b".",
        "array of 9,223,372,036,854,775,808 bytes",
    ),
    "a negative shape": (joblib_wrapped("J\xff\xff\xff\xff\x85") + b".", "not a tuple of sizes"),
    "an array of objects": (joblib_wrapped("K\x01\x85", b"O8") + b".", "Python objects"),
    "an array of records": (joblib_wrapped("K\x01\x85", b"V8") + b".", "expected numbers or text"),
    "an array cut short": (joblib_wrapped("K\x05\x85", then=bytes(8)), "in the middle"),
    "compression cut short": (zlib.compress(pickle.dumps(list(range(999))))[:-20], "cut short"),
    "other compression": (b"BZh91AY&SY" + bytes(20), "zlib or gzip"),
    "a tensor beyond its storage": (tensor(b"K\x03\x85", b"K\x01\x85"), "beyond its 2 numbers"),
    "a tensor with an offset": (tensor(b"K\x01\x85", b"K\x01\x85", b"K\x02"), "beyond its 2"),
    "a tensor expanded without end": (tensor(HUGE + b"\x85", b"K\x00\x85"), "made of 2 numbers"),
    "strides that go back": (tensor(b"K\x02\x85", b"J\xff\xff\xff\xff\x85"), "not a tuple of"),
    "sizes without strides": (tensor(b"K\x02\x85", b")"), "wrong arguments"),
    "a storage that claims more": (tensor(b"K\x02\x85", b"K\x01\x85", count=b"K\x09"), "9 numbers"),
    "an archive without a pickle": (archive(a__b=b""), "without data.pkl"),
    "torch of another version": (
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02K\x05.\x80\x02}.", "another version"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_value_error_that_names_it(name: str, tmp_path: Path) -> None:
    data, cause = BAD[name]
    path = tmp_path / ("bad_file.pt" if data.startswith(b"PK") else "bad_file.pkl")
    path.write_bytes(data)
    with pytest.raises(ValueError, match="bad_file") as caught:
        readers.read(path)
    assert cause in str(caught.value)


def test_a_zip_bomb_is_refused_before_it_unpacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickled, "MAX_UNPACKED_BYTES", 10_000)
    with pytest.raises(ValueError, match=r"some_file.*unpack to more than 10,000"):
        loaded(zlib.compress(bytes(1_000_000)), tmp_path)


def test_endless_work_and_depth_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = loaded(b"\x80\x04)" + b"\x85" * 30_000 + b".", tmp_path)
    assert type(deep) is tuple  # a chain of tuples, which is never traversed
    monkeypatch.setattr(unpickle, "MAX_STEPS", 1000)
    with pytest.raises(ValueError, match="more than 1,000 steps"):
        loaded(b"\x80\x04" + b"N0" * 600 + b"N.", tmp_path)


def test_copies_of_tensors_and_pickles_in_pickles_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = real("numpy dictionary of tensors", tmp_path, suffix=".npy")
    monkeypatch.setattr(unpickle, "MAX_STORAGES", 3)
    with pytest.raises(ValueError, match="more than 3 storages"):
        pickled.load(path)
    monkeypatch.undo()
    monkeypatch.setattr(unpickle, "MAX_COPIED_BYTES", 7)
    with pytest.raises(ValueError, match="allocates more than"):
        pickled.load(path)
    monkeypatch.undo()
    monkeypatch.setattr(plain_classes, "MAX_EXPANDED_BYTES", 8)
    with pytest.raises(ValueError, match=r"\(3, 2\) made of 2 numbers"):
        pickled.load(path)


def test_a_torch_file_inside_needs_its_reader() -> None:
    data = b"ctorch.storage\n_load_from_bytes\n(S'abc'\ntR."
    with pytest.raises(plain_classes.RefusedError, match="a torch file inside the pickle"):
        unpickle.run(data)
    given: list[object] = []
    storage = plain_classes.Storage(np.arange(3.0))
    read = unpickle.run(data, torch_file=lambda held: given.append(held) or storage)
    assert (given, read.value) == (["abc"], storage)


def test_every_truncated_real_file_is_refused_with_its_name(tmp_path: Path) -> None:
    for name in REAL_FILES:
        whole = zlib.decompress(base64.b64decode(REAL_FILES[name]))
        path = tmp_path / "part.pkl"
        for size in range(0, len(whole), 61):
            path.write_bytes(whole[:size])
            with pytest.raises(ValueError, match="part"):
                readers.read(path)


@settings(max_examples=250)
@example(name="torch archive", changes=[(0.9921875, 1)])  # an archive of several disks
@example(name="torch archive", changes=[(0.986328125, 1)])  # a member before the file's start
@given(
    name=st.sampled_from(sorted(REAL_FILES)),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4
    ),
)
def test_damaged_bytes_are_harmless_or_refused(
    name: str, changes: list[tuple[float, int]], folder: Path
) -> None:
    data = bytearray(zlib.decompress(base64.b64decode(REAL_FILES[name])))
    for share, value in changes:
        data[int(share * len(data))] = value
    path = folder / "flipped.pkl"
    path.write_bytes(data)
    complaint = ""
    try:
        readers.read(path)
    except ValueError as error:
        complaint = str(error)
    assert "flipped" in complaint  # none of these files is a motion, damaged or not


@settings(max_examples=200)
@given(codes=st.lists(st.sampled_from(pickletools.opcodes), max_size=25), tail=st.binary())
def test_any_order_of_opcodes_is_harmless(
    codes: list[pickletools.OpcodeInfo], tail: bytes, folder: Path
) -> None:
    data = b"".join(code.code.encode("latin-1") + tail[:size] for size, code in enumerate(codes))
    complaint = "some_file"
    try:
        loaded(b"\x80\x04" + data + b".", folder)
    except ValueError as error:
        complaint = str(error)
    assert "some_file" in complaint


def test_other_pickles_are_not_motions(tmp_path: Path) -> None:
    path = tmp_path / "other.pkl"
    path.write_bytes(pickle.dumps({"weights": np.zeros(3)}))
    with pytest.raises(readers.UnknownFormatError, match="a dictionary of weights"):
        readers.read(path)
    assert not pickled.recognise(tmp_path)
