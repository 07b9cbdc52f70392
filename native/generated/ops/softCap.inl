// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSoftCapArgs[] = {
    tensor<float>("z", symbol(0), symbol(1)).update().cut(),
    scalar("cap"),
};
constexpr SymbolSpec kSoftCapSymbols[] = {
    solve("M", symbol(0), 0, SymbolSpec::rows),
    solve("V", symbol(1), 0, SymbolSpec::cols),
};
double runSoftCap(const KernelTable& table, Context& context, const Argument* v) {
  table.softCap(context, {matrix<float>(v[0]), v[1].number});
  return 0;
}
constexpr OpSpec kSoftCapOp = {"softCap", kSoftCapArgs, 2, 4, kSoftCapSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSoftCap, 0xb91fab55ff58cfe4u};
