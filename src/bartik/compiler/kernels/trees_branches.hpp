// Trees of any shape with at most 256 leaves, on the codes of trees.hpp. The nodes of a tree come level by level, then its leaves; each is
// a record of six bytes: code, cut, and two places in the tree, where a row goes that is not above the cut and where one that is. A leaf's
// two places are its own. `trees` has, for each tree, its first record and its number of nodes; one more leaf it has.
constexpr int record_size = 6;

BARTIK_INLINE int place_of(const Byte* record, int which) noexcept {
  std::uint16_t place;
  std::memcpy(&place, record + 2 + 2 * which, sizeof place);
  return place;
}

// The leaves that `count` trees lead to, eight at most, side by side: what one waits for, another computes.
BARTIK_INLINE void walk_eight(const Byte* records, const std::int32_t* trees, const Byte* row, int count, int* leaves) noexcept {
  const Byte* here[8];
  int place[8];
  for (int k = 0; k < 8; ++k) {
    here[k] = records + record_size * std::size_t(trees[2 * (k < count ? k : 0)]);
    place[k] = 0;
  }
  for (int moved = 1; moved;) {
    moved = 0;
    for (int k = 0; k < 8; ++k) {
      const Byte* const record = here[k] + record_size * place[k];
      const int next = place_of(record, row[record[0]] > record[1]);
      moved |= next ^ place[k];
      place[k] = next;
    }
  }
  for (int k = 0; k < count; ++k) leaves[k] = place[k] - trees[2 * k + 1];
}

template <int leaves, int used, int levels, int most_codes, int groups, int targets, int each, int aggregate>
BARTIK_INLINE void branch_trees(const float* x, const std::int32_t* features, const std::int32_t* starts, const std::int32_t* cuts,
                                const std::int32_t* bounds, const std::int32_t* code_features, const std::int32_t* code_maps,
                                const Byte* maps, const std::int32_t* trees, const Byte* records, const Byte* values,
                                const std::int32_t* tree_targets, float* out) noexcept {
  const Codes codes{features, starts, cuts, bounds, code_features, code_maps, maps};
  std::int32_t ranks[used];
  ranks_of<used, levels>(codes, x, ranks);
  float sums[targets];
  for (int k = 0; k < targets; ++k) sums[k] = nothing<aggregate>();
  Byte row[most_codes];
  int found[8];
  for (int group = 0; group < groups; ++group) {
    codes_of(codes, group, ranks, row);
    const int last = bounds[4 * group + 1];
    for (int tree = bounds[4 * group]; tree < last; tree += 8) {
      const int here = last - tree < 8 ? last - tree : 8;
      walk_eight(records, trees + 2 * tree, row, here, found);
      for (int k = 0; k < here; ++k)
        join_leaf<targets, each, aggregate>(values, std::size_t(tree + k) * leaves + found[k], tree_targets, tree + k, sums);
    }
  }
  finish<targets, aggregate>(sums);
  for (int k = 0; k < targets; ++k) out[k] = sums[k];
}

// A set of rows: bits where the machine has masks, else bytes.
#if !defined(BARTIK_SCALAR)
#if defined(__AVX512BW__)
typedef std::uint64_t Rows;
BARTIK_INLINE Rows every_row() noexcept { return ~Rows(0); }
BARTIK_INLINE Rows rows_above(Rows of, Bytes x, Byte cut) noexcept {
  return _mm512_mask_cmpgt_epu8_mask(of, __m512i(x), _mm512_set1_epi8(char(cut)));
}
BARTIK_INLINE Bytes put(Bytes into, Rows rows, Byte value) noexcept {
  return Bytes(_mm512_mask_mov_epi8(__m512i(into), rows, _mm512_set1_epi8(char(value))));
}
#else
typedef Bytes Rows;
BARTIK_INLINE Rows every_row() noexcept { return ~Rows{}; }
BARTIK_INLINE Rows rows_above(Rows of, Bytes x, Byte cut) noexcept { return of & Bytes(x > Bytes{} + cut); }
BARTIK_INLINE Bytes put(Bytes into, Rows rows, Byte value) noexcept { return into | (rows & value); }
#endif

template <int leaves>
BARTIK_INLINE Bytes leaves_of_rows(const Byte* columns, const Byte* record, int nodes) noexcept {
  Rows rows[2 * leaves];
  rows[0] = every_row();
  for (int k = 0; k < nodes; ++k, record += record_size) {
    const Rows from = rows[k], high = rows_above(from, load_bytes(columns + all_bytes * record[0]), record[1]);
    rows[place_of(record, 0)] = from & ~high;
    rows[place_of(record, 1)] = high;
  }
  Bytes found{};
  for (int k = 1; k <= nodes; ++k) found = put(found, rows[nodes + k], Byte(k));
  return found;
}

template <int leaves, int used, int levels, int most_codes, int groups, int targets, int each, int aggregate>
BARTIK_INLINE void branch_trees_together(int blocks, const Lanes* x, std::size_t x_step, const std::int32_t* features,
                                         const std::int32_t* starts, const std::int32_t* cuts, const std::int32_t* bounds,
                                         const std::int32_t* code_features, const std::int32_t* code_maps, const Byte* maps,
                                         const std::int32_t* trees, const Byte* records, const Byte* values,
                                         const std::int32_t* tree_targets, Lanes* out, std::size_t out_step) noexcept {
  const Codes codes{features, starts, cuts, bounds, code_features, code_maps, maps};
  together<used, levels, most_codes, groups, targets, each, aggregate, leaves>(
      codes, blocks, x, x_step, values, tree_targets, out, out_step, [=](const Byte* columns, int tree) {
        return leaves_of_rows<leaves>(columns, records + record_size * std::size_t(trees[2 * tree]), trees[2 * tree + 1]);
      });
}
#endif
