// Square root, rounded correctly.
BARTIK_INLINE Lanes sqrt(Lanes x) noexcept {
#if defined(__AVX512F__)
  return Lanes(_mm512_maskz_sqrt_ps(__mmask16(-1), __m512(x)));
#elif defined(__AVX__)
  return Lanes(_mm256_sqrt_ps(__m256(x)));
#else
  Lanes root{};
  for (int lane = 0; lane < lanes; ++lane) root[lane] = std::sqrt(x[lane]);
  return root;
#endif
}
