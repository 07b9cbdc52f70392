// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScaleArgs[] = {
    tensor<float>("x", symbol(0), symbol(1)).update().cut(),
    scalar("factor"),
};
constexpr SymbolSpec kScaleSymbols[] = {
    solve("M", symbol(0), 0, SymbolSpec::rows),
    solve("D", symbol(1), 0, SymbolSpec::cols),
};
double runScale(const KernelTable& table, Context& context, const Argument* v) {
  table.scale(context, {matrix<float>(v[0]), v[1].number});
  return 0;
}
constexpr OpSpec kScaleOp = {"scale", kScaleArgs, 2, 4, kScaleSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runScale, 0xc4b8a49d4c969c56u};
