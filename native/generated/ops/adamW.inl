// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kAdamWArgs[] = {
    tensor<float>("p", symbol(0), symbol(1)).update().cut(),
    tensor<float>("m", symbol(0), symbol(1)).update().cut(),
    tensor<float>("v", symbol(0), symbol(1)).update().cut(),
    tensor<float>("g", symbol(0), symbol(1)).cut(),
    scalar("lr"),
    scalar("beta1"),
    scalar("beta2"),
    scalar("eps"),
    scalar("decay"),
    scalar("step").wholeNumber(1),
};
constexpr SymbolSpec kAdamWSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 3, SymbolSpec::cols),
};
double runAdamW(const KernelTable& table, Context& context, const Argument* v) {
  table.adamW(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), v[4].number, v[5].number, v[6].number, v[7].number, v[8].number, static_cast<int64_t>(v[9].number)});
  return 0;
}
constexpr OpSpec kAdamWOp = {"adamW", kAdamWArgs, 10, 18, kAdamWSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runAdamW, 0x2254f0b8792a3da8u};
