// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kAddBiasArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut().alias(1),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("bias", fixed(1), symbol(1)),
};
constexpr SymbolSpec kAddBiasSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runAddBias(const KernelTable& table, Context& context, const Argument* v) {
  table.addBias(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kAddBiasOp = {"addBias", kAddBiasArgs, 3, 9, kAddBiasSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runAddBias, 0x9cb37e5ab3bf8d77u};
