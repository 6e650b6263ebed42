// The nearest float32. The compiler no longer knows where it comes from: it would compute a float's product in float and round it together
// with a sum it is part of.
BARTIK_INLINE Lanes narrow(Lanes x) noexcept {
  float y = static_cast<float>(x.value);
#if defined(__SSE__)
  asm("" : "+x"(y));
#elif defined(__aarch64__)
  asm("" : "+w"(y));
#endif
  return y;
}
