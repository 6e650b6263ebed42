import struct

import numpy as np
import pytest

from bartik.core import DataError
from bartik.data.velo_banks import read_sensors, read_true_vertices, read_velo_banks

SENSORS = 208


@pytest.fixture
def geometry(tmp_path):
    """Sensor k at z = 10 k mm, columns 0.055 mm wide, turned so that rows run against x."""
    path = tmp_path / "geometry.bin"
    arrays = [np.zeros(52), 0.055 * (np.arange(768) + 0.5), np.full(768, 0.055)]
    content = b"".join(struct.pack("<Q", len(array)) + array.astype("<f4").tobytes() for array in arrays)
    rotation = [0, -1, 0, 1, 0, 0, 0, 0, 1]
    places = np.array([[*rotation, 1.0, 2.0, 10.0 * k] for k in range(SENSORS)])
    path.write_bytes(content + struct.pack("<QQ", SENSORS, 12) + places.astype("<f4").tobytes())
    return path


def banks(path, groups):
    """A file of super-pixels by sensor."""
    bodies = [struct.pack(f"<{2 + len(words)}I", sensor, len(words), *words) for sensor, words in groups.items()]
    offsets = np.concatenate([[0], np.cumsum([len(body) for body in bodies])])
    path.write_bytes(struct.pack(f"<{len(offsets) + 1}I", len(bodies), *offsets.tolist()) + b"".join(bodies))
    return path


def group(column, row, pixels):
    return (column << 14) | (row << 8) | pixels | (1 << 31)


def test_touching_pixels_are_one_hit_at_their_middle_across_groups_too(tmp_path, geometry):
    sensors = read_sensors(geometry)
    # sensor 5: pixels (1, 3) and (2, 4) touch at a corner; (0, 40) is alone. Sensor 0: two in a column.
    words = {5: [group(0, 0, 1 << 7), group(1, 1, 1 << 0), group(0, 10, 1)], 0: [group(50, 2, 0b0110)]}
    event = read_velo_banks(banks(tmp_path / "event.bin", words), sensors, 7)
    assert event.number == 7
    assert len(event) == 3
    assert event.module_offsets[[0, 1, 2, 52]].tolist() == [0, 1, 3, 3]
    along, across = 0.055 * np.array([100.5, 2.0, 0.5]), 0.055 * np.array([10.0, 4.0, 40.5])
    found = sorted(zip(event.z, event.x, event.y, strict=True))
    assert np.allclose(found, sorted(zip([0.0, 50, 50], 1 - across, 2 + along, strict=True)), atol=1e-5)


def test_true_vertices_are_read(tmp_path):
    path = tmp_path / "vertices.bin"
    path.write_bytes(struct.pack("<i", 2) + struct.pack("<i3d", 12, 0.1, -0.2, 30.5) + struct.pack("<i3d", 0, 0.0, 0.0, -4.0))
    place, count = read_true_vertices(path)
    assert place.tolist() == [[0.1, -0.2, 30.5], [0.0, 0.0, -4.0]]
    assert count.tolist() == [12, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes are no banks"),
        (struct.pack("<3I", 1, 0, 12), "do not fill"),
        (struct.pack("<I2I3I", 1, 0, 12, 300, 1, 0), "no sensor's"),
        (struct.pack("<I2I3I", 1, 0, 12, 3, 9, 0), "no sensor's"),
        (struct.pack("<I2I3I", 1, 0, 12, 3, 1, group(400, 0, 1)), "column"),
        (struct.pack("<I2I3I", 4_000_000_000, 0, 12, 3, 1, 0), "banks do not fill"),
    ],
)
def test_damaged_banks_are_refused_by_name(tmp_path, geometry, content, message):
    path = tmp_path / "event.bin"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as refused:
        read_velo_banks(path, read_sensors(geometry))
    assert "event.bin" in str(refused.value)


def test_other_damaged_files_are_refused_by_name(tmp_path, geometry):
    geometry.write_bytes(geometry.read_bytes()[:-4])
    with pytest.raises(DataError, match=r"geometry\.bin"):
        read_sensors(geometry)
    with pytest.raises(DataError, match="no such file"):
        read_true_vertices(tmp_path / "none.bin")
    path = tmp_path / "vertices.bin"
    path.write_bytes(struct.pack("<i", -1))
    with pytest.raises(DataError, match="4 bytes are not 0 vertices"):
        read_true_vertices(path)
