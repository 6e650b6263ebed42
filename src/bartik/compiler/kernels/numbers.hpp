// Rows of numbers of another type than is computed in: whole ones are exact as far as that is.
template <int width, class Number>
BARTIK_INLINE void load_numbers(const Number* from, Lanes* to) noexcept {
  for (int column = 0; column < width; ++column) {
    Lanes values{};
    for (int row = 0; row < lanes; ++row) values[row] = float(from[row * width + column]);
    to[column] = values;
  }
}

template <int width, class Number>
BARTIK_INLINE void store_numbers(Number* to, const Lanes* from) noexcept {
  for (int column = 0; column < width; ++column)
    for (int row = 0; row < lanes; ++row) to[row * width + column] = Number(from[column][row]);
}
