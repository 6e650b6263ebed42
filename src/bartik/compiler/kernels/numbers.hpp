// Rows of numbers that are no floats, which are computed as floats: whole ones are exact to 2^24.
template <int width, class Number>
BARTIK_INLINE void load_numbers(const Number* from, Lanes* to) noexcept {
  for (int column = 0; column < width; ++column)
    for (int row = 0; row < lanes; ++row) to[column][row] = float(from[row * width + column]);
}

template <int width, class Number>
BARTIK_INLINE void store_numbers(Number* to, const Lanes* from) noexcept {
  for (int column = 0; column < width; ++column)
    for (int row = 0; row < lanes; ++row) to[row * width + column] = Number(from[column][row]);
}
