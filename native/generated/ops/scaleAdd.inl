// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScaleAddArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut().alias(1),
    tensor<float>("a", symbol(0), symbol(1)).optional().cut(),
    tensor<float>("b", symbol(0), symbol(1)).cut(),
    tensor<float>("weight", fixed(1), fixed(1)),
};
constexpr SymbolSpec kScaleAddSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runScaleAdd(const KernelTable& table, Context& context, const Argument* v) {
  table.scaleAdd(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3])});
  return 0;
}
constexpr OpSpec kScaleAddOp = {"scaleAdd", kScaleAddArgs, 4, 12, kScaleAddSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runScaleAdd, 0x2712ec425a8bdbbau};
