// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kMultiplyArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut().alias(1),
    tensor<float>("a", symbol(0), symbol(1)).cut(),
    tensor<float>("b", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kMultiplySymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runMultiply(const KernelTable& table, Context& context, const Argument* v) {
  table.multiply(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kMultiplyOp = {"multiply", kMultiplyArgs, 3, 9, kMultiplySymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runMultiply, 0x8789a59df4d367ecu};
