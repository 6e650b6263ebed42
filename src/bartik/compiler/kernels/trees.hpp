// Ensembles of decision trees. A feature becomes a rank among the cuts on it, a rank becomes bytes ("codes"), and a node asks whether a
// byte is above its cut: no floats, no branches. One row: the nodes of a tree lie in the lanes. A block: its rows do.
typedef std::uint8_t Byte;
#if !defined(BARTIK_SCALAR)
typedef Byte Bytes __attribute__((vector_size(4 * lanes)));  // four blocks of rows
#endif
constexpr int blocks_together = 4;
constexpr int all_bytes = 4 * lanes;

enum Aggregate { aggregate_sum, aggregate_min, aggregate_max };

template <int aggregate>
BARTIK_INLINE float joined(float so_far, float value) noexcept {
  if constexpr (aggregate == aggregate_sum) return so_far + value;
  if constexpr (aggregate == aggregate_min) return value < so_far ? value : so_far;
  return value > so_far ? value : so_far;
}
template <int aggregate>
BARTIK_INLINE Lanes joined(Lanes so_far, Lanes value) noexcept {
  if constexpr (aggregate == aggregate_sum) return so_far + value;
  if constexpr (aggregate == aggregate_min) return min_or_second(value, so_far);
  return max_or_second(value, so_far);
}
template <int aggregate>
BARTIK_INLINE float nothing() noexcept {  // what changes no value that it is joined with
  return aggregate == aggregate_sum ? 0.0f : aggregate == aggregate_min ? __builtin_inff() : -__builtin_inff();
}

// Whole numbers in the order of floats; minus zero is just below zero, and no cut lies between them.
BARTIK_INLINE std::int32_t key_of(float x) noexcept {
  std::int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
BARTIK_INLINE bool is_no_number(float x) noexcept {
  std::int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7fffffff) > 0x7f800000;
}

// How many of 16 cuts are below `key`.
BARTIK_INLINE int count_below(const std::int32_t* cuts, std::int32_t key) noexcept {
#if defined(__AVX512F__)
  return __builtin_popcount(unsigned(_mm512_cmplt_epi32_mask(_mm512_loadu_si512(cuts), _mm512_set1_epi32(key))));
#elif defined(__AVX2__)
  const __m256i keys = _mm256_set1_epi32(key);
  const __m256i first = _mm256_cmpgt_epi32(keys, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(cuts)));
  const __m256i second = _mm256_cmpgt_epi32(keys, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(cuts + 8)));
  return __builtin_popcount(unsigned(_mm256_movemask_epi8(_mm256_packs_epi32(first, second)))) / 2;
#else
  int count = 0;
  for (int k = 0; k < 16; ++k) count += cuts[k] < key;
  return count;
#endif
}

// 1 + the number of cuts on one feature below x, 0 if x is no number. A tree of blocks of 16: `starts` says where each level lies.
template <int levels>
BARTIK_INLINE int rank_of(const std::int32_t* cuts, const std::int32_t* starts, float x) noexcept {
  const std::int32_t key = key_of(x);
  int rank = 0;
  for (int level = 0; level < levels; ++level) rank = 16 * rank + count_below(cuts + starts[level] + 16 * rank, key);
  return is_no_number(x) ? 0 : rank + 1;
}

// Where the codes of a group of trees come from: code k is maps[code_maps[k] + rank of the feature code_features[k]].
struct Codes {
  const std::int32_t* features;  // the columns that any tree looks at
  const std::int32_t* starts;    // [used][levels]
  const std::int32_t* cuts;
  const std::int32_t* groups;         // [groups][4]: first tree, last tree, first code, last code; the last ones are not in it
  const std::int32_t* code_features;  // places in `features`
  const std::int32_t* code_maps;
  const Byte* maps;
};

template <int used, int levels>
BARTIK_INLINE void ranks_of(const Codes& codes, const float* x, std::int32_t* ranks) noexcept {
  for (int k = 0; k < used; ++k) ranks[k] = rank_of<levels>(codes.cuts, codes.starts + levels * k, x[codes.features[k]]);
}
BARTIK_INLINE void codes_of(const Codes& codes, int group, const std::int32_t* ranks, Byte* to) noexcept {
  const int first = codes.groups[4 * group + 2], last = codes.groups[4 * group + 3];
  for (int k = first; k < last; ++k) to[k - first] = codes.maps[codes.code_maps[k] + ranks[codes.code_features[k]]];
}

BARTIK_INLINE float leaf_value(const Byte* leaves, std::size_t place) noexcept {
  float value;
  std::memcpy(&value, leaves + 4 * place, sizeof value);
#if defined(__x86_64__) && !defined(BARTIK_SCALAR)
  __asm__("" : "+x"(value));  // one load each: GCC would gather, which is slower
#endif
  return value;
}

template <int targets, int each, int aggregate>
BARTIK_INLINE void join_leaf(const Byte* leaves, std::size_t leaf, const std::int32_t* tree_targets, int tree, float* out) noexcept {
  if constexpr (each == 1) {
    float& sum = out[targets == 1 ? 0 : tree_targets[tree]];
    sum = joined<aggregate>(sum, leaf_value(leaves, leaf));
  } else {
    for (int k = 0; k < each; ++k) out[k] = joined<aggregate>(out[k], leaf_value(leaves, leaf * each + k));
  }
}

template <int targets, int aggregate>
BARTIK_INLINE void finish(float* out) noexcept {  // a target that no tree speaks of is 0
  if constexpr (aggregate != aggregate_sum)
    for (int k = 0; k < targets; ++k) out[k] = out[k] == nothing<aggregate>() ? 0.0f : out[k];
}

// ---- Trees of at most 64 leaves and equal depth, padded: node n has children 2n and 2n + 1, the root is 1. `nodes` has, for each 64
// places, 64 codes and then 64 cuts; a tree takes 2^depth places, of which the first is empty.

// The leaves that eight trees lead to.
template <int depth, int codes>
BARTIK_INLINE void eight_leaves(const Byte* nodes, const Byte* row, std::size_t first, std::uint64_t* leaves) noexcept {
  constexpr int size = 1 << depth, trees_in_64 = 64 >> depth;
#if defined(__AVX512VBMI__)
  if constexpr (codes <= 128) {
    const __m512i low = _mm512_loadu_si512(row), high = _mm512_loadu_si512(row + (codes > 64 ? 64 : 0));
    alignas(64) std::uint64_t asked[8];
    for (int k = 0; k < 8; ++k) {
      if (k % trees_in_64) {
        asked[k] = asked[k - 1] >> (size % 64);
        continue;
      }
      const Byte* const here = nodes + 128 * ((first + k) / trees_in_64);
      const __m512i of = _mm512_loadu_si512(here);
      const __m512i values = codes > 64 ? _mm512_permutex2var_epi8(low, of, high) : _mm512_maskz_permutexvar_epi8(~__mmask64(0), of, low);
      asked[k] = _mm512_cmpgt_epu8_mask(values, _mm512_loadu_si512(here + 64));
    }
    const __m512i answers = _mm512_setr_epi64(asked[0], asked[1], asked[2], asked[3], asked[4], asked[5], asked[6], asked[7]);
    const __m512i one = _mm512_set1_epi64(1);
    __m512i node = one;
    for (int level = 0; level < depth; ++level)  // node = 2 node + (answers >> node & 1)
      node = _mm512_ternarylogic_epi64(_mm512_add_epi64(node, node), _mm512_maskz_srlv_epi64(__mmask8(-1), answers, node), one, 0xf8);
    _mm512_storeu_si512(leaves, _mm512_sub_epi64(node, _mm512_set1_epi64(size)));
    return;
  }
#endif
  const Byte* here[8];
  for (int k = 0; k < 8; ++k) {
    here[k] = nodes + 128 * ((first + k) / trees_in_64) + size * ((first + k) % trees_in_64);
    leaves[k] = 1;
  }
  for (int level = 0; level < depth; ++level)
    for (int k = 0; k < 8; ++k) leaves[k] = 2 * leaves[k] + (row[here[k][leaves[k]]] > here[k][64 + leaves[k]]);
  for (int k = 0; k < 8; ++k) leaves[k] -= size;
}

template <int depth, int used, int levels, int most_codes, int groups, int targets, int each, int aggregate>
BARTIK_INLINE void heap_trees(const float* x, const std::int32_t* features, const std::int32_t* starts, const std::int32_t* cuts,
                              const std::int32_t* bounds, const std::int32_t* code_features, const std::int32_t* code_maps,
                              const Byte* maps, const Byte* nodes, const Byte* leaves, const std::int32_t* tree_targets,
                              float* out) noexcept {
  const Codes codes{features, starts, cuts, bounds, code_features, code_maps, maps};
  std::int32_t ranks[used];
  ranks_of<used, levels>(codes, x, ranks);
  float sums[targets];
  for (int k = 0; k < targets; ++k) sums[k] = nothing<aggregate>();
  alignas(64) Byte row[most_codes + 64];
  alignas(64) std::uint64_t found[8];
  for (int group = 0; group < groups; ++group) {
    codes_of(codes, group, ranks, row);
    const int last = bounds[4 * group + 1];
    for (int tree = bounds[4 * group]; tree < last; tree += 8) {  // groups begin at multiples of eight trees
      eight_leaves<depth, most_codes>(nodes, row, std::size_t(tree), found);
      const int here = last - tree < 8 ? last - tree : 8;
      for (int k = 0; k < here; ++k)
        join_leaf<targets, each, aggregate>(leaves, (std::size_t(tree + k) << depth) + found[k], tree_targets, tree + k, sums);
    }
  }
  finish<targets, aggregate>(sums);
  for (int k = 0; k < targets; ++k) out[k] = sums[k];
}

// ---- Many rows: a byte of a vector is a row, four blocks of rows are a vector. `blocks` of them are there.
#if !defined(BARTIK_SCALAR)

// Bytes that are not 0 where x > cut.
BARTIK_INLINE Bytes above(Bytes x, Byte cut) noexcept {
#if defined(__AVX512BW__)
  return Bytes(_mm512_subs_epu8(__m512i(x), _mm512_set1_epi8(char(cut))));
#else
  return Bytes(x > Bytes{} + cut);
#endif
}
// All bits of the bytes that `above` set.
BARTIK_INLINE Bytes filled(Bytes some) noexcept {
#if defined(__AVX512BW__)
  return Bytes(_mm512_movm_epi8(_mm512_test_epi8_mask(__m512i(some), __m512i(some))));
#else
  return some;
#endif
}
BARTIK_INLINE Bytes chosen(Bytes which, Bytes set, Bytes unset) noexcept {
#if defined(__AVX512F__)
  return Bytes(_mm512_ternarylogic_epi32(__m512i(which), __m512i(set), __m512i(unset), 0xca));
#elif defined(__AVX2__)
  return Bytes(_mm256_blendv_epi8(__m256i(unset), __m256i(set), __m256i(which)));
#else
  return (which & set) | (~which & unset);
#endif
}

BARTIK_INLINE Bytes load_bytes(const Byte* from) noexcept {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

// What the node of `wanted` level says that each row comes to below `node`, which is on `level`; `turns` are the levels above.
template <int wanted, int level, int node>
BARTIK_INLINE Bytes answer(const Byte* columns, const Byte* nodes, const Bytes* turns) noexcept {
  if constexpr (level == wanted) {
    return above(load_bytes(columns + all_bytes * nodes[node]), nodes[64 + node]);
  } else {
    const Bytes left = answer<wanted, level + 1, 2 * node>(columns, nodes, turns);
    return chosen(turns[level], answer<wanted, level + 1, 2 * node + 1>(columns, nodes, turns), left);
  }
}
template <int depth, int... level>
BARTIK_INLINE Bytes leaves_of_rows(const Byte* columns, const Byte* nodes, std::integer_sequence<int, level...>) noexcept {
  Bytes turns[depth], leaves{};
  ((turns[level] = filled(answer<level, 0, 1>(columns, nodes, turns)), leaves |= turns[level] & Byte(1 << (depth - 1 - level))), ...);
  return leaves;
}

// The values of up to 64 leaves, for one block of rows.
template <int leaves>
BARTIK_INLINE Lanes leaf_values(const Byte* from, const Byte* which) noexcept {
#if defined(__AVX512F__)
  if constexpr (leaves >= 16 && leaves <= 64) {
    const __m512i places = _mm512_maskz_cvtepu8_epi32(__mmask16(-1), _mm_loadu_si128(reinterpret_cast<const __m128i*>(which)));
    const __m512 low = _mm512_permutex2var_ps(_mm512_loadu_ps(from), places, _mm512_loadu_ps(from + 64 % (4 * leaves)));
    if constexpr (leaves <= 32) return Lanes(low);
    const __m512 high = _mm512_permutex2var_ps(_mm512_loadu_ps(from + 128), places, _mm512_loadu_ps(from + 192));
    return Lanes(_mm512_mask_mov_ps(low, _mm512_test_epi32_mask(places, _mm512_set1_epi32(32)), high));
  }
#endif
  Lanes values{};
  for (int lane = 0; lane < lanes; ++lane) values[lane] = leaf_value(from, which[lane]);
  return values;
}

template <int leaves, int targets, int each, int aggregate>
BARTIK_INLINE void join_leaves(const Byte* from, const Byte* which, const std::int32_t* tree_targets, int tree, Lanes* sums) noexcept {
  if constexpr (each == 1) {
    Lanes& sum = sums[targets == 1 ? 0 : tree_targets[tree]];
    sum = joined<aggregate>(sum, leaf_values<leaves>(from, which));
  } else {
    for (int k = 0; k < each; ++k) {
      Lanes values{};
      for (int lane = 0; lane < lanes; ++lane) values[lane] = leaf_value(from, std::size_t(which[lane]) * each + k);
      sums[k] = joined<aggregate>(sums[k], values);
    }
  }
}

// Ranks of the rows of one block, feature by feature: [used][lanes].
template <int used, int levels>
BARTIK_INLINE void ranks_of(const Codes& codes, const Lanes* x, std::int32_t* ranks) noexcept {
  for (int k = 0; k < used; ++k) {
    alignas(64) float values[lanes];
    store(values, x[codes.features[k]]);
    for (int lane = 0; lane < lanes; ++lane)
      ranks[k * lanes + lane] = rank_of<levels>(codes.cuts, codes.starts + levels * k, values[lane]);
  }
}
// Codes of one block, [codes][all_bytes]; `to` is where this block's rows begin.
BARTIK_INLINE void columns_of(const Codes& codes, int group, const std::int32_t* ranks, Byte* to) noexcept {
  const int first = codes.groups[4 * group + 2], last = codes.groups[4 * group + 3];
  for (int k = first; k < last; ++k) {
    const Byte* const map = codes.maps + codes.code_maps[k];
    const std::int32_t* const from = ranks + codes.code_features[k] * lanes;
    for (int lane = 0; lane < lanes; ++lane) to[(k - first) * all_bytes + lane] = map[from[lane]];
  }
}

// Up to four blocks of rows through all groups of trees; `leaves_of` says which leaf of a tree each row comes to.
template <int used, int levels, int most_codes, int groups, int targets, int each, int aggregate, int leaves, typename LeavesOf>
BARTIK_INLINE void together(const Codes& codes, int blocks, const Lanes* x, std::size_t x_step, const Byte* values,
                            const std::int32_t* tree_targets, Lanes* out, std::size_t out_step, LeavesOf leaves_of) noexcept {
  std::int32_t ranks[blocks_together][used * lanes];
  alignas(64) Byte columns[most_codes * all_bytes] = {};
  Lanes sums[blocks_together][targets];
  for (int block = 0; block < blocks; ++block) {
    ranks_of<used, levels>(codes, x + block * x_step, ranks[block]);
    for (int k = 0; k < targets; ++k) sums[block][k] = all(nothing<aggregate>());
  }
  for (int group = 0; group < groups; ++group) {
    for (int block = 0; block < blocks; ++block) columns_of(codes, group, ranks[block], columns + block * lanes);
    const int last = codes.groups[4 * group + 1];
    for (int tree = codes.groups[4 * group]; tree < last; ++tree) {
      const Bytes found = leaves_of(columns, tree);
      alignas(64) Byte which[all_bytes];
      std::memcpy(which, &found, sizeof which);
      const Byte* const here = values + 4 * each * leaves * std::size_t(tree);
      for (int block = 0; block < blocks; ++block)
        join_leaves<leaves, targets, each, aggregate>(here, which + block * lanes, tree_targets, tree, sums[block]);
    }
  }
  for (int block = 0; block < blocks; ++block)
    for (int k = 0; k < targets; ++k) {
      Lanes& sum = sums[block][k];
      if constexpr (aggregate != aggregate_sum)
        for (int lane = 0; lane < lanes; ++lane) sum[lane] = sum[lane] == nothing<aggregate>() ? 0.0f : sum[lane];
      out[block * out_step + k] = sum;
    }
}

template <int depth, int used, int levels, int most_codes, int groups, int targets, int each, int aggregate>
BARTIK_INLINE void heap_trees_together(int blocks, const Lanes* x, std::size_t x_step, const std::int32_t* features,
                                       const std::int32_t* starts, const std::int32_t* cuts, const std::int32_t* bounds,
                                       const std::int32_t* code_features, const std::int32_t* code_maps, const Byte* maps,
                                       const Byte* nodes, const Byte* leaves, const std::int32_t* tree_targets, Lanes* out,
                                       std::size_t out_step) noexcept {
  constexpr int size = 1 << depth, trees_in_64 = 64 >> depth;
  const Codes codes{features, starts, cuts, bounds, code_features, code_maps, maps};
  together<used, levels, most_codes, groups, targets, each, aggregate, size>(
      codes, blocks, x, x_step, leaves, tree_targets, out, out_step, [=](const Byte* columns, int tree) {
        const Byte* const here = nodes + 128 * (tree / trees_in_64) + size * (tree % trees_in_64);
        return leaves_of_rows<depth>(columns, here, std::make_integer_sequence<int, depth>());
      });
}
#endif
