// What is the same in all rows comes in vectors, and answers stay in vectors, to be added up.
template <int width>
static inline void take_same(const Lanes* from, Lanes* to) noexcept {
  for (int column = 0; column < width; ++column) to[column] = from[column];
}
template <int width>
static inline void keep_answers(Lanes* to, const Lanes* from) noexcept {
  for (int column = 0; column < width; ++column) to[column] = from[column];
}

// Neumaier's compensated summation (Z. angew. Math. Mech. 54 (1974) 39).
struct Sum {
  double value = 0, lost = 0;
  void add(double x) noexcept {
    const double total = value + x;
    lost += __builtin_fabs(value) >= __builtin_fabs(x) ? (value - total) + x : (x - total) + value;
    value = total;
  }
};

// Lanes from `first` on are left out.
static inline double over_lanes(Lanes x, int first) noexcept {
  double total = 0;
  for (int lane = 0; lane < first; ++lane) total += x[lane];
  return total;
}
