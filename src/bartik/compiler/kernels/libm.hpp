// Functions that models rarely have: the standard library's, one lane after the other.
template <class Function>
BARTIK_INLINE Lanes each(Function function, Lanes x) noexcept {
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = function(x[lane]);
  return found;
}
BARTIK_INLINE Lanes sin(Lanes x) noexcept { return each([](float v) { return std::sin(v); }, x); }
BARTIK_INLINE Lanes cos(Lanes x) noexcept { return each([](float v) { return std::cos(v); }, x); }
BARTIK_INLINE Lanes tan(Lanes x) noexcept { return each([](float v) { return std::tan(v); }, x); }
BARTIK_INLINE Lanes asin(Lanes x) noexcept { return each([](float v) { return std::asin(v); }, x); }
BARTIK_INLINE Lanes acos(Lanes x) noexcept { return each([](float v) { return std::acos(v); }, x); }
BARTIK_INLINE Lanes atan(Lanes x) noexcept { return each([](float v) { return std::atan(v); }, x); }
BARTIK_INLINE Lanes sinh(Lanes x) noexcept { return each([](float v) { return std::sinh(v); }, x); }
BARTIK_INLINE Lanes cosh(Lanes x) noexcept { return each([](float v) { return std::cosh(v); }, x); }
BARTIK_INLINE Lanes asinh(Lanes x) noexcept { return each([](float v) { return std::asinh(v); }, x); }
BARTIK_INLINE Lanes acosh(Lanes x) noexcept { return each([](float v) { return std::acosh(v); }, x); }
BARTIK_INLINE Lanes atanh(Lanes x) noexcept { return each([](float v) { return std::atanh(v); }, x); }
BARTIK_INLINE Lanes pow(Lanes x, Lanes y) noexcept {
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = std::pow(x[lane], y[lane]);
  return found;
}
BARTIK_INLINE Lanes remainder(Lanes x, Lanes y) noexcept {  // with the sign of x
  Lanes found{};
  for (int lane = 0; lane < lanes; ++lane) found[lane] = std::fmod(x[lane], y[lane]);
  return found;
}
