// Sorting along one axis of a row by a network of exchanges (Batcher's odd-even merge), the same for every row: x[outer][count][inner] to
// out[outer][kept][inner]. NaN counts as the largest.
BARTIK_INLINE void exchange(Lanes& low, Lanes& high) noexcept {
  const Mask ordered = (low <= high) | (high != high);
  const Lanes x = low, y = high;
  low = ordered ? x : y;
  high = ordered ? y : x;
}
BARTIK_INLINE void exchange(float& low, float& high) noexcept {
  const bool ordered = (low <= high) | (high != high);
  const float x = low, y = high;
  low = ordered ? x : y;
  high = ordered ? y : x;
}

template <int outer, int count, int inner, int descending, int kept, class X>
static inline void sorted(const X* x, X* out, X* scratch) noexcept {
  for (int o = 0; o < outer; ++o, x += count * inner, out += kept * inner)
    for (int i = 0; i < inner; ++i) {
      for (int k = 0; k < count; ++k) scratch[k] = x[k * inner + i];
      for (int size = 1; size < count; size *= 2)
        for (int gap = size; gap >= 1; gap /= 2)
          for (int first = gap % size; first + gap < count; first += 2 * gap)
            for (int k = first; k < first + gap && k + gap < count; ++k)
              if (k / (2 * size) == (k + gap) / (2 * size)) exchange(scratch[k], scratch[k + gap]);
      for (int k = 0; k < kept; ++k) out[k * inner + i] = scratch[descending ? count - 1 - k : k];
    }
}
