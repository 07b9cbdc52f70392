// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kTernaryMatmulGradWPrecision[] = {"f32", "bf16", "int8"};
constexpr ArgSpec kTernaryMatmulGradWArgs[] = {
    tensor<float>("accW", symbol(1), symbol(2)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<int8_t>("x.codes", symbol(0), symbol(2)).cut(),
    tensor<float>("x.scale", symbol(0), fixed(1)).cut(),
    choice("precision", kTernaryMatmulGradWPrecision),
};
constexpr SymbolSpec kTernaryMatmulGradWSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("N", symbol(1), 1, SymbolSpec::cols),
    solve("K", symbol(2), 2, SymbolSpec::cols),
};
double runTernaryMatmulGradW(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmulGradW(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int8_t>(v[2]), matrix<const float>(v[3]), static_cast<Precision>(v[4].choice)});
  return 0;
}
constexpr OpSpec kTernaryMatmulGradWOp = {"ternaryMatmulGradW", kTernaryMatmulGradWArgs, 5, 13, kTernaryMatmulGradWSymbols, 3, nullptr, 0, true, 1, kNone, true, false, false, runTernaryMatmulGradW, 0x5169a7e4c09a5d2du};
