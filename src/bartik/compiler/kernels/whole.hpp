// Rounding to whole numbers: down, up, to the nearest (halves to the even one), towards zero. NaN and infinities stay.
BARTIK_INLINE Lanes floor(Lanes x) noexcept {
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = std::floor(x[lane]);
  return found;
}
BARTIK_INLINE Lanes ceil(Lanes x) noexcept {
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = std::ceil(x[lane]);
  return found;
}
BARTIK_INLINE Lanes round(Lanes x) noexcept {
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = std::nearbyint(x[lane]);
  return found;
}
BARTIK_INLINE Lanes trunc(Lanes x) noexcept {
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = std::trunc(x[lane]);
  return found;
}
