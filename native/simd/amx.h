// AMX, as a part of avx512.h: matrix products in tile registers, of 16 rows of 16 elements.

#define SIMD_TILES

/** Configures all tile registers in full size. Keep it short-lived: a context switch saves their 8 KiB. */
class TileRegisters {
 public:
  TileRegisters() {
    struct alignas(64) {
      uint8_t palette, startRow, reserved[14];
      uint16_t rowBytes[16];
      uint8_t rows[16];
    } shapes = {};
    static_assert(sizeof shapes == 64, "what ldtilecfg reads");
    shapes.palette = 1;
    for (int tile = 0; tile < 8; tile++) {
      shapes.rowBytes[tile] = 64;
      shapes.rows[tile] = 16;
    }
    asm volatile("ldtilecfg %0" : : "m"(shapes));
  }
  ~TileRegisters() { asm volatile("tilerelease"); }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

SIMD_INLINE void transpose16(Vec (&rows)[16]) {
  Vec t[16];
  // 4 x 4 in each quarter of a register,
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    const Vec a = _mm512_unpacklo_ps(rows[i], rows[i + 1]), b = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    const Vec c = _mm512_unpacklo_ps(rows[i + 2], rows[i + 3]),
              d = _mm512_unpackhi_ps(rows[i + 2], rows[i + 3]);
    const auto low = [](Vec x, Vec y) {
      return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
    };
    const auto high = [](Vec x, Vec y) {
      return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(x), _mm512_castps_pd(y)));
    };
    t[i] = low(a, c);
    t[i + 1] = high(a, c);
    t[i + 2] = low(b, d);
    t[i + 3] = high(b, d);
  }
  // then the quarters.
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const Vec a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88), b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
    const Vec c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88),
              d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
    rows[i] = _mm512_shuffle_f32x4(a, c, 0x88);
    rows[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
    rows[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
    rows[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
}

/** The common part of both kinds of product. */
struct Tiles {
  static constexpr bool IS_TILED = true;
  static constexpr int DEPTH = 16;
  using Registers = TileRegisters;

  // The compilers' intrinsics take register numbers as literals only, and gcc's do not declare that memory is
  // read.
  template <int TILE>
  SIMD_INLINE void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(TILE));
  }
  template <int TILE>
  SIMD_INLINE void load(const char* from, int64_t stride) {
    for (int row = 0; row < DEPTH; row++) willRead(from + row * stride, 64);
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(TILE) : "memory");
  }
  template <int TILE>
  SIMD_INLINE void store(char* to, int64_t stride) {
    for (int row = 0; row < DEPTH; row++) willWrite(to + row * stride, 64);
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(TILE) : "memory");
  }
  SIMD_INLINE void transpose(Vec (&rows)[DEPTH]) { transpose16(rows); }
};

struct Bf16Tiles : Tiles {
  template <int SUM, int A, int B>
  SIMD_INLINE void dot() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(SUM), "i"(A), "i"(B));
  }
};

struct QuadTiles : Tiles {
  template <int SUM, int A, int B>
  SIMD_INLINE void dot() {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(SUM), "i"(A), "i"(B));
  }
};
