// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSgdMomentumArgs[] = {
    tensor<float>("p", symbol(0), symbol(1)).update().cut(),
    tensor<float>("v", symbol(0), symbol(1)).update().cut(),
    tensor<float>("g", symbol(0), symbol(1)).cut(),
    scalar("lr"),
    scalar("momentum"),
    scalar("decay"),
};
constexpr SymbolSpec kSgdMomentumSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runSgdMomentum(const KernelTable& table, Context& context, const Argument* v) {
  table.sgdMomentum(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), v[3].number, v[4].number, v[5].number});
  return 0;
}
constexpr OpSpec kSgdMomentumOp = {"sgdMomentum", kSgdMomentumArgs, 6, 12, kSgdMomentumSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSgdMomentum, 0xf37ad2714892d0c2u};
