// Floats as bits: sign, exponent, roots.
BARTIK_INLINE Bits bits(Lanes x) noexcept {
  Bits same;
  std::memcpy(&same, &x, sizeof same);
  return same;
}
BARTIK_INLINE Lanes floats(Bits x) noexcept {
  Lanes same;
  std::memcpy(&same, &x, sizeof same);
  return same;
}
BARTIK_INLINE Lanes abs(Lanes x) noexcept { return floats(bits(x) & 0x7fffffffu); }
BARTIK_INLINE Lanes with_sign_of(Lanes size, Lanes sign) noexcept { return floats(bits(size) | (bits(sign) & 0x80000000u)); }
