// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kDropoutArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out(),
    tensor<float>("x", symbol(0), symbol(1)),
    scalar("rate"),
    scalar("seed").wholeNumber(0),
    scalar("step").wholeNumber(0),
    scalar("stream").wholeNumber(0),
    scalar("firstRow").wholeNumber(0),
};
constexpr SymbolSpec kDropoutSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runDropout(const KernelTable& table, Context& context, const Argument* v) {
  table.dropout(context, {matrix<float>(v[0]), matrix<const float>(v[1]), v[2].number, static_cast<int64_t>(v[3].number), static_cast<int64_t>(v[4].number), static_cast<int64_t>(v[5].number), static_cast<int64_t>(v[6].number)});
  return 0;
}
constexpr OpSpec kDropoutOp = {"dropout", kDropoutArgs, 7, 11, kDropoutSymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runDropout, 0x40b054282cd2364au};
