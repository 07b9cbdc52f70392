// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kLionArgs[] = {
    tensor<float>("p", symbol(0), symbol(1)).update().cut(),
    tensor<float>("m", symbol(0), symbol(1)).update().cut(),
    tensor<float>("g", symbol(0), symbol(1)).cut(),
    scalar("lr"),
    scalar("beta1"),
    scalar("beta2"),
    scalar("decay"),
};
constexpr SymbolSpec kLionSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runLion(const KernelTable& table, Context& context, const Argument* v) {
  table.lion(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), v[3].number, v[4].number, v[5].number, v[6].number});
  return 0;
}
constexpr OpSpec kLionOp = {"lion", kLionArgs, 7, 13, kLionSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runLion, 0xb70a2a1ba1b6c475u};
