// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kTernaryMatmulGradXPrecision[] = {"f32", "bf16", "int8"};
constexpr ArgSpec kTernaryMatmulGradXArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(2)).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<int8_t>("w.codes", symbol(1), symbol(2)),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<float>("w.rowScale", symbol(1), fixed(1)).optional(),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(2),
    choice("precision", kTernaryMatmulGradXPrecision),
};
constexpr SymbolSpec kTernaryMatmulGradXSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("N", symbol(1), 1, SymbolSpec::cols),
    solve("K", symbol(2), 2, SymbolSpec::cols),
};
double runTernaryMatmulGradX(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmulGradX(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int8_t>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const uint8_t>(v[5]), static_cast<Precision>(v[6].choice)});
  return 0;
}
constexpr OpSpec kTernaryMatmulGradXOp = {"ternaryMatmulGradX", kTernaryMatmulGradXArgs, 7, 19, kTernaryMatmulGradXSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runTernaryMatmulGradX, 0x5ab3d614992900e9u};
