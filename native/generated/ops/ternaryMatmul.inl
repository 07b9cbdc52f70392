// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kTernaryMatmulArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out().cut(),
    tensor<int8_t>("x.codes", symbol(0), symbol(1)).cut().atMostCols(4194304),
    tensor<float>("x.scale", symbol(0), fixed(1)).cut(),
    tensor<int8_t>("w.codes", symbol(2), symbol(1)).atMostCols(4194304),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<float>("w.rowScale", symbol(2), fixed(1)).optional(),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(3),
};
constexpr SymbolSpec kTernaryMatmulSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 3, SymbolSpec::rows),
};
double runTernaryMatmul(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmul(context, {matrix<float>(v[0]), matrix<const int8_t>(v[1]), matrix<const float>(v[2]), matrix<const int8_t>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const uint8_t>(v[6])});
  return 0;
}
constexpr OpSpec kTernaryMatmulOp = {"ternaryMatmul", kTernaryMatmulArgs, 7, 21, kTernaryMatmulSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runTernaryMatmul, 0x580137a2da7fc136u};
