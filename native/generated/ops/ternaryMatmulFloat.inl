// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kTernaryMatmulFloatPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kTernaryMatmulFloatArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out(),
    tensor<float>("x", symbol(0), symbol(1)),
    tensor<int8_t>("w.codes", symbol(2), symbol(1)),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<float>("w.rowScale", symbol(2), fixed(1)).optional(),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(2),
    choice("precision", kTernaryMatmulFloatPrecision),
};
constexpr SymbolSpec kTernaryMatmulFloatSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::rows),
};
double runTernaryMatmulFloat(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmulFloat(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int8_t>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const uint8_t>(v[5]), static_cast<Precision>(v[6].choice)});
  return 0;
}
constexpr OpSpec kTernaryMatmulFloatOp = {"ternaryMatmulFloat", kTernaryMatmulFloatArgs, 7, 19, kTernaryMatmulFloatSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runTernaryMatmulFloat, 0x8557d9a177c34679u};
