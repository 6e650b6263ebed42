// Trees too large for codes: nodes of four numbers: column, cut, and the nodes where a row goes whose key is not above the cut and whose key
// is. A feature has two columns, which differ for what is no number: it is below all cuts in the first, above them in the second. A
// leaf's two nodes are its own, and its cut says which row of `values` it is.
template <int used>
BARTIK_INLINE void columns_of(const std::int32_t* features, const float* x, std::int32_t* columns) noexcept {
  for (int k = 0; k < used; ++k) {
    const float value = x[features[k]];
    const bool missing = is_no_number(value);
    columns[2 * k] = missing ? std::int32_t(0x80000000u) : key_of(value);
    columns[2 * k + 1] = missing ? 0x7fffffff : key_of(value);
  }
}

BARTIK_INLINE std::int32_t part_of(const Byte* nodes, std::int32_t node, int part) noexcept {
  std::int32_t value;
  std::memcpy(&value, nodes + 16 * std::size_t(node) + 4 * part, sizeof value);
  return value;
}
// Eight ways down, side by side: what one waits for, another computes. `places` are roots, then leaves.
BARTIK_INLINE void walk_eight(const Byte* nodes, const std::int32_t* const* columns, std::int32_t* places) noexcept {
  for (int moved = 1; moved;) {
    moved = 0;
    for (int k = 0; k < 8; ++k) {
      const bool above = columns[k][part_of(nodes, places[k], 0)] > part_of(nodes, places[k], 1);
      const std::int32_t next = part_of(nodes, places[k], 2 + above);
      moved |= next ^ places[k];
      places[k] = next;
    }
  }
}

template <int used, int trees, int targets, int each, int aggregate>
BARTIK_INLINE void walked_trees(const float* x, const std::int32_t* features, const std::int32_t* roots, const Byte* nodes,
                                const Byte* values, const std::int32_t* tree_targets, float* out) noexcept {
  std::int32_t columns[2 * used];
  columns_of<used>(features, x, columns);
  const std::int32_t* const same[8] = {columns, columns, columns, columns, columns, columns, columns, columns};
  float sums[targets];
  for (int k = 0; k < targets; ++k) sums[k] = nothing<aggregate>();
  std::int32_t places[8];
  for (int tree = 0; tree < trees; tree += 8) {
    const int here = trees - tree < 8 ? trees - tree : 8;
    for (int k = 0; k < 8; ++k) places[k] = roots[tree + (k < here ? k : 0)];
    walk_eight(nodes, same, places);
    for (int k = 0; k < here; ++k)
      join_leaf<targets, each, aggregate>(values, std::size_t(part_of(nodes, places[k], 1)), tree_targets, tree + k, sums);
  }
  finish<targets, aggregate>(sums);
  for (int k = 0; k < targets; ++k) out[k] = sums[k];
}
