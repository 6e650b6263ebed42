// As many fused multiply-adds a second as one thread of this machine can do: independent chains in registers, no memory.
#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
#define CHAINS 12 /* at least latency (4 or 5 cycles) times units (2), and they fit 16 registers */

typedef float Lanes __attribute__((vector_size(4 * LANES)));

extern "C" __attribute__((visibility("default"))) long bartik_limit_width() { return CHAINS * LANES; }

extern "C" __attribute__((visibility("default"))) float bartik_limit_run(long steps, float factor, float term) {
  Lanes chain[CHAINS], sum = {};
  for (int c = 0; c < CHAINS; ++c) chain[c] = sum + static_cast<float>(c);
  for (long step = 0; step < steps; ++step)
    for (int c = 0; c < CHAINS; ++c) chain[c] = chain[c] * factor + term;
  for (int c = 0; c < CHAINS; ++c) sum += chain[c];
  float total = 0;
  for (int lane = 0; lane < LANES; ++lane) total += sum[lane];
  return total;
}
