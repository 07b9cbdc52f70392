// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kQuantizeWeightRule[] = {"absmean", "absmedian"};
constexpr ArgSpec kQuantizeWeightArgs[] = {
    tensor<int8_t>("outCodes", symbol(0), symbol(1)).out(),
    tensor<float>("outScale", fixed(1), fixed(1)).out(),
    tensor<float>("w", symbol(0), symbol(1)),
    choice("rule", kQuantizeWeightRule),
};
constexpr SymbolSpec kQuantizeWeightSymbols[] = {
    solve("N", symbol(0), 2, SymbolSpec::rows),
    solve("K", symbol(1), 2, SymbolSpec::cols),
};
double runQuantizeWeight(const KernelTable& table, Context& context, const Argument* v) {
  table.quantizeWeight(context, {matrix<int8_t>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<QuantizeWeightRule>(v[3].choice)});
  return 0;
}
constexpr OpSpec kQuantizeWeightOp = {"quantizeWeight", kQuantizeWeightArgs, 4, 10, kQuantizeWeightSymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runQuantizeWeight, 0x23d21a313fb728c1u};
