// All stages of ultra-fast simulation one behind the other. The headers of the stages come before this text.
//
// No heap, no mutable globals, no run-time of its own: any number of threads may call. Random numbers are those of Philox4x32-10
// (J. K. Salmon et al., SC'11) at counter (block, particle, event's lower half, event's upper half), key = seed.

namespace {

constexpr std::size_t chunk = 128;  // rows that go through all stages together, on the stack
constexpr double pi_widest = @WIDEST@, slowest = @SLOWEST@, last_z = @LAST@, softest = @SOFTEST@, hardest = @HARDEST@;
constexpr int unknown = -1, not_finite = -2;

using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Places {
  u32 particle[chunk], low[chunk], high[chunk];
};

// Four numbers in (0, 1) of one block for each row, at out[row * stride].
inline void block(const Places& places, std::size_t rows, u64 seed, u32 number, float* out, std::size_t stride, std::size_t count) noexcept {
  u32 a[chunk], b[chunk], c[chunk], d[chunk];
  for (std::size_t row = 0; row < rows; ++row) {
    a[row] = number;
    b[row] = places.particle[row];
    c[row] = places.low[row];
    d[row] = places.high[row];
  }
  u32 first = u32(seed), second = u32(seed >> 32);
  for (int turn = 0; turn < 10; ++turn) {
    for (std::size_t row = 0; row < rows; ++row) {
      const u64 x = u64(0xD2511F53u) * a[row], y = u64(0xCD9E8D57u) * c[row];
      a[row] = u32(y >> 32) ^ b[row] ^ first;
      b[row] = u32(y);
      c[row] = u32(x >> 32) ^ d[row] ^ second;
      d[row] = u32(x);
    }
    first += 0x9E3779B9u;
    second += 0xBB67AE85u;
  }
  const u32* words[4] = {a, b, c, d};
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t row = 0; row < rows; ++row) out[row * stride + k] = (float(words[k][row] >> 9) + 0.5f) * 1.1920928955078125e-7f;
}

template <std::size_t width>
inline void noise(const Places& places, std::size_t rows, u64 seed, u32 first, float* out) noexcept {
  for (std::size_t k = 0; k < width; k += 4) block(places, rows, seed, first + u32(k / 4), out + k, width, width - k < 4 ? width - k : 4);
}

inline void take(const Places& from, const int* rows, std::size_t count, Places& to) noexcept {
  for (std::size_t k = 0; k < count; ++k) {
    to.particle[k] = from.particle[rows[k]];
    to.low[k] = from.low[rows[k]];
    to.high[k] = from.high[rows[k]];
  }
}

inline int species(std::int32_t pdg) noexcept {
  switch (pdg < 0 ? -pdg : pdg) {
    case 11: return 0;
    case 13: return 1;
    case 211: return 2;
    case 321: return 3;
    case 2212: return 4;
    default: return -1;
  }
}

struct Chunk {
  const double *origin, *momentum;
  const std::int32_t* pdg;
  const float* charged;
  const u64* event;
  const u32* particle;
  u64 seed;
  std::size_t rows;
  std::int32_t* kind;
  float *quality, *covariance, *identity;
};

inline void one_chunk(const Chunk& of) noexcept {
  constexpr float nan = __builtin_nanf("");
  Places places, chosen;
  int inside[chunk], tracks[chunk], named[chunk];
  double p[chunk], pt[chunk];
  alignas(64) float features[chunk * 11 + 16], decisions[chunk * 4];
  std::size_t count = 0;
  for (std::size_t row = 0; row < of.rows; ++row) {
    const double *r = of.origin + 3 * row, *m = of.momentum + 3 * row;
    for (int k = 0; k < 9; ++k) of.quality[row * 9 + k] = nan;
    for (int k = 0; k < 15; ++k) of.covariance[row * 15 + k] = nan;
    for (int k = 0; k < 16; ++k) of.identity[row * 16 + k] = nan;
    const double sum = r[0] + r[1] + r[2] + m[0] + m[1] + m[2] + double(of.charged[row]);
    const int kind = species(of.pdg[row]);
    of.kind[row] = !(sum - sum == 0) ? not_finite : kind < 0 ? unknown : 0;
    if (of.kind[row] != 0) continue;
    const double square = m[0] * m[0] + m[1] * m[1];
    p[count] = std::sqrt(square + m[2] * m[2]);
    pt[count] = std::sqrt(square);
    if (!(p[count] > slowest && m[2] > 0 && pt[count] < pi_widest * m[2] && r[2] < last_z)) continue;
    float* f = features + 11 * count;
    const bool lepton = kind < 2;
    f[0] = float(r[0]), f[1] = float(r[1]), f[2] = float(r[2]), f[3] = float(p[count]);
    f[4] = float(m[0] / m[2]), f[5] = float(m[1] / m[2]);
    f[6] = kind == 0, f[7] = kind == 1, f[8] = kind > 1;
    f[9] = (of.pdg[row] > 0) == lepton ? -1.0f : 1.0f;
    f[10] = of.charged[row];
    places.particle[count] = of.particle[row];
    places.low[count] = u32(of.event[row]);
    places.high[count] = u32(of.event[row] >> 32);
    inside[count++] = int(row);
  }
  if (count == 0) return;
  block(places, count, of.seed, 0, decisions, 4, 4);

  // Acceptance and class.
  alignas(64) float accepted[chunk], shares[chunk * 4];
  @acceptance@::run(features, accepted, count);
  @efficiency@::run(features, shares, count);
  std::size_t found = 0;
  for (std::size_t k = 0; k < count; ++k) {
    float limit = 0;
    int kind = 0;
    for (int j = 0; j < 3; ++j) {
      limit = limit + shares[4 * k + std::size_t(j)];
      kind += decisions[4 * k + 1] >= limit;
    }
    kind = decisions[4 * k] < accepted[k] ? kind : 0;
    of.kind[inside[k]] = kind;
    if (kind > 0) tracks[found++] = int(k);
  }
  if (found == 0) return;

  // State, quality, covariance.
  alignas(64) float known[chunk * 17 + 16], track[chunk * 14 + 16], random[chunk * 16], drawn[chunk * 16];
  take(places, tracks, found, chosen);
  for (std::size_t k = 0; k < found; ++k) {
    const int kind = of.kind[inside[tracks[k]]];
    std::memcpy(track + 14 * k, features + 11 * tracks[k], 11 * sizeof(float));
    for (int j = 0; j < 3; ++j) track[14 * k + 11 + std::size_t(j)] = kind == j + 1;
  }
  noise<9>(chosen, found, of.seed, 1, random);
  @resolution@::run(track, random, drawn, found);
  for (std::size_t k = 0; k < found; ++k) {
    std::memcpy(of.quality + 9 * inside[tracks[k]], drawn + 9 * k, 9 * sizeof(float));
    std::memcpy(known + 17 * k, track + 14 * k, 14 * sizeof(float));
    std::memcpy(known + 17 * k + 14, drawn + 9 * k + 6, 3 * sizeof(float));
  }
  noise<15>(chosen, found, of.seed, 4, random);
  @covariance@::run(known, random, drawn, found);
  for (std::size_t k = 0; k < found; ++k) std::memcpy(of.covariance + 15 * inside[tracks[k]], drawn + 15 * k, 15 * sizeof(float));

  // Identity of long tracks.
  std::size_t long_tracks = 0;
  alignas(64) float who[chunk * 9 + 16];
  for (std::size_t k = 0; k < found; ++k) {
    const int at = tracks[k], row = inside[at];
    if (of.kind[row] != 1 || !(p[at] > softest && p[at] < hardest)) continue;
    float* w = who + 9 * long_tracks;
    const int kind = species(of.pdg[row]);
    w[0] = float(p[at]), w[1] = float(std::log((p[at] + of.momentum[3 * row + 2]) / (pt[at] > 1e-9 ? pt[at] : 1e-9)));
    w[2] = features[11 * at + 10], w[3] = features[11 * at + 9];
    for (int j = 0; j < 5; ++j) w[4 + j] = kind == j;
    named[long_tracks++] = at;
  }
  if (long_tracks == 0) return;
  alignas(64) float passes[chunk], rings[chunk * 4], muons[chunk * 2], few[chunk * 9 + 16], full[chunk * 16 + 16];
  int muon_rows[chunk];
  take(places, named, long_tracks, chosen);
  @is_muon@::run(who, passes, long_tracks);
  noise<4>(chosen, long_tracks, of.seed, 8, random);
  @rich@::run(who, random, rings, long_tracks);
  std::size_t muon_count = 0;
  for (std::size_t k = 0; k < long_tracks; ++k) {
    float* f = full + 16 * k;
    const bool passed = decisions[4 * named[k] + 2] < passes[k];
    std::memcpy(f, who + 9 * k, 9 * sizeof(float));
    f[9] = passed;
    std::memcpy(f + 10, rings + 4 * k, 4 * sizeof(float));
    f[14] = f[15] = 0.0f;
    if (!passed) continue;
    std::memcpy(few + 9 * muon_count, who + 9 * k, 9 * sizeof(float));
    muon_rows[muon_count++] = int(k);
  }
  if (muon_count > 0) {
    Places of_muons;
    take(chosen, muon_rows, muon_count, of_muons);
    noise<2>(of_muons, muon_count, of.seed, 9, random);
    @muon@::run(few, random, muons, muon_count);
    for (std::size_t k = 0; k < muon_count; ++k) std::memcpy(full + 16 * muon_rows[k] + 14, muons + 2 * k, 2 * sizeof(float));
  }
  noise<7>(chosen, long_tracks, of.seed, 10, random);
  @global_pid@::run(full, random, drawn, long_tracks);
  for (std::size_t k = 0; k < long_tracks; ++k) {
    float* to = of.identity + 16 * inside[named[k]];
    std::memcpy(to, full + 16 * k + 9, 7 * sizeof(float));
    std::memcpy(to + 7, drawn + 9 * k, 9 * sizeof(float));
  }
}

// Neutral objects: photons at the calorimeter, each with the nearest of its event.
constexpr double face = @FACE@, reach = @REACH@, softest_photon = @SOFTEST_PHOTON@, hole_x = @HOLE_X@, hole_y = @HOLE_Y@;
constexpr double zones[3][3] = {@ZONES@};  // size of a cell, half of the width and of the height
constexpr std::size_t slots = @SLOTS@;

// Size of the cell at this place, 0 outside and in the hole.
inline double cell_at(double x, double y) noexcept {
  const double across = std::fabs(x), up = std::fabs(y);
  if (across < hole_x && up < hole_y) return 0;
  for (const auto& zone : zones)
    if (across < zone[1] && up < zone[2]) return zone[0];
  return 0;
}

struct Photons {
  const double* at;
  const u64* event;
  const u32* particle;
  u64 seed;
  std::int32_t* kind;
  float* object;
};

// The photon `row` of those from `start` to `stop`, the last of the slots, behind the nearest, farthest first.
inline void window(const Photons& of, std::size_t start, std::size_t stop, std::size_t row, float* out) noexcept {
  double near[slots];
  std::size_t place[slots], count = 0;
  const double *own = of.at + 3 * row, width = reach * cell_at(own[0], own[1]), limit = width * width;
  for (std::size_t k = start; k < stop; ++k) {
    const double *other = of.at + 3 * k, dx = other[0] - own[0], dy = other[1] - own[1], square = dx * dx + dy * dy;
    if (k == row || !(other[2] > 0) || !(square < limit)) continue;
    if (count == slots - 1 && !(square < near[count - 1])) continue;
    std::size_t to = count < slots - 1 ? count++ : count - 1;
    for (; to > 0 && square < near[to - 1]; --to) near[to] = near[to - 1], place[to] = place[to - 1];
    near[to] = square, place[to] = k;
  }
  for (std::size_t k = 0; k < 3 * (slots - 1 - count); ++k) out[k] = 0;
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t j = 0; j < 3; ++j) out[3 * (slots - 2 - k) + j] = float(of.at[3 * place[k] + j]);
  for (std::size_t j = 0; j < 3; ++j) out[3 * (slots - 1) + j] = float(own[j]);
}

inline void some_objects(const Photons& of, const std::size_t* rows, const float* seen, std::size_t count) noexcept {
  alignas(64) float decisions[chunk * 2], random[chunk * 3 + 16], probability[chunk * 2], drawn[chunk * 3];
  Places places;
  for (std::size_t k = 0; k < count; ++k) {
    places.particle[k] = of.particle[rows[k]];
    places.low[k] = u32(of.event[rows[k]]);
    places.high[k] = u32(of.event[rows[k]] >> 32);
  }
  noise<2>(places, count, of.seed, 15, decisions);
  noise<3>(places, count, of.seed, 16, random);
  @neutral@::run(seen, random, probability, drawn, count);
  for (std::size_t k = 0; k < count; ++k) {
    if (!(decisions[2 * k] < probability[2 * k])) continue;
    of.kind[rows[k]] = decisions[2 * k + 1] < probability[2 * k + 1] ? 2 : 1;
    std::memcpy(of.object + 3 * rows[k], drawn + 3 * k, 3 * sizeof(float));
  }
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void bartik_ultrafast_at_face(const double* origin, const double* momentum, std::size_t rows,
                                                                     double* at) {
  for (std::size_t row = 0; row < rows; ++row) {
    const double *r = origin + 3 * row, *m = momentum + 3 * row;
    double* to = at + 3 * row;
    to[0] = to[1] = to[2] = 0;
    if (!(m[2] > 0 && r[2] < face)) continue;
    const double step = face - r[2], x = r[0] + m[0] / m[2] * step, y = r[1] + m[1] / m[2] * step;
    const double energy = std::sqrt(m[0] * m[0] + m[1] * m[1] + m[2] * m[2]), square = x * x + y * y;
    if (cell_at(x, y) > 0 && energy - energy == 0 && energy * std::sqrt(square) / std::sqrt(square + face * face) > softest_photon)
      to[0] = x, to[1] = y, to[2] = energy;
  }
}

__attribute__((visibility("default"))) void bartik_ultrafast_neutral(
    const double* at, const std::uint64_t* offsets, std::size_t events, const std::uint64_t* event, const std::uint32_t* particle,
    std::uint64_t seed, std::int32_t* kind, float* object) {
  constexpr float nan = __builtin_nanf("");
  const Photons of{at, event, particle, seed, kind, object};
  alignas(64) float seen[chunk * slots * 3 + 16];
  std::size_t rows[chunk], count = 0;
  for (std::size_t k = 0; k < events; ++k)
    for (std::size_t row = offsets[k]; row < offsets[k + 1]; ++row) {
      kind[row] = 0;
      object[3 * row] = object[3 * row + 1] = object[3 * row + 2] = nan;
      if (!(at[3 * row + 2] > 0)) continue;
      window(of, offsets[k], offsets[k + 1], row, seen + slots * 3 * count);
      rows[count++] = row;
      if (count == chunk) some_objects(of, rows, seen, count), count = 0;
    }
  if (count > 0) some_objects(of, rows, seen, count);
}

__attribute__((visibility("default"))) void bartik_ultrafast_run(
    const double* origin, const double* momentum, const std::int32_t* pdg, const float* charged, const std::uint64_t* event,
    const std::uint32_t* particle, std::uint64_t seed, std::size_t rows, std::int32_t* kind, float* quality, float* covariance,
    float* identity) {
  for (std::size_t at = 0; at < rows; at += chunk) {
    const std::size_t count = rows - at < chunk ? rows - at : chunk;
    one_chunk({origin + 3 * at, momentum + 3 * at, pdg + at, charged + at, event + at, particle + at, seed, count, kind + at,
               quality + 9 * at, covariance + 15 * at, identity + 16 * at});
  }
}

__attribute__((visibility("default"))) const char* bartik_ultrafast_digest() { return "@DIGEST@"; }
}
