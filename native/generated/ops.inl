// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr char kSignature[] = "0f881f1798b2cc81";

constexpr const char* kActivationFn[] = {"silu", "sigmoid", "tanh", "relu", "relu2", "gelu", "gelu_tanh", "softplus"};
constexpr ArgSpec kActivationArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outSlope", symbol(0), symbol(1)).out().optional().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    choice("fn", kActivationFn),
};
constexpr SymbolSpec kActivationSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runActivation(const KernelTable& table, Context& context, const Argument* v) {
  table.activation(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<Fn>(v[3].choice)});
  return 0;
}

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

constexpr ArgSpec kAddArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut().alias(1),
    tensor<float>("a", symbol(0), symbol(1)).cut(),
    tensor<float>("b", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kAddSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runAdd(const KernelTable& table, Context& context, const Argument* v) {
  table.add(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}

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

constexpr ArgSpec kAddBiasGradArgs[] = {
    tensor<float>("accBias", fixed(1), symbol(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kAddBiasGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runAddBiasGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.addBiasGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1])});
  return 0;
}

constexpr ArgSpec kCausalConvArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", sum("S*P", term(1, 4, 2)), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("w", sum("P+1", term(1, 2), term(1)), symbol(1)),
    tensor<float>("bias", fixed(1), symbol(1)).optional(),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kCausalConvSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("P", sum("P+1", term(1, 2), term(1)), 3, SymbolSpec::rows).within(1, 7),
    solve("T", symbol(3), 5, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kCausalConvEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runCausalConv(const KernelTable& table, Context& context, const Argument* v) {
  table.causalConv(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}

constexpr ArgSpec kCausalConvGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accW", sum("P+1", term(1, 2), term(1)), symbol(1)).update(),
    tensor<float>("accBias", fixed(1), symbol(1)).update().optional(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("w", sum("P+1", term(1, 2), term(1)), symbol(1)),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kCausalConvGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 3, SymbolSpec::cols),
    solve("P", sum("P+1", term(1, 2), term(1)), 5, SymbolSpec::rows).within(1, 7),
    solve("T", symbol(3), 6, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kCausalConvGradEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runCausalConvGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.causalConvGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), static_cast<int64_t>(v[6].number)});
  return 0;
}

constexpr ArgSpec kCountPairsArgs[] = {
    tensor<int32_t>("outOffsets", sum("V+1", term(1, 1), term(1)), fixed(1)).out(),
    tensor<int32_t>("outTargets", symbol(0), fixed(1)).out(),
    tensor<int32_t>("outCounts", symbol(0), fixed(1)).out(),
    tensor<int32_t>("ids", symbol(0), fixed(1)).below(1),
    tensor<int32_t>("targets", symbol(0), fixed(1)).below(1),
    scalar("vocab").wholeNumber(1),
};
constexpr SymbolSpec kCountPairsSymbols[] = {
    solve("N", symbol(0), 3, SymbolSpec::rows),
    solve("V", symbol(1), 5, SymbolSpec::number),
};
double runCountPairs(const KernelTable& table, Context& context, const Argument* v) {
  table.countPairs(context, {matrix<int32_t>(v[0]), matrix<int32_t>(v[1]), matrix<int32_t>(v[2]), matrix<const int32_t>(v[3]), matrix<const int32_t>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}

constexpr ArgSpec kDelayArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", sum("S*P", term(1, 3, 4)), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kDelaySymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 3, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
    solve("P", sum("S*P", term(1, 3, 4)), 1, SymbolSpec::rows),
};
constexpr EquationSpec kDelayEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runDelay(const KernelTable& table, Context& context, const Argument* v) {
  table.delay(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<int64_t>(v[3].number)});
  return 0;
}

constexpr ArgSpec kDelayGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    scalar("by").wholeNumber(1),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kDelayGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("P", symbol(2), 2, SymbolSpec::number),
    solve("T", symbol(3), 3, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kDelayGradEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runDelayGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.delayGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), static_cast<int64_t>(v[2].number), static_cast<int64_t>(v[3].number)});
  return 0;
}

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

constexpr const char* kGateFn[] = {"silu", "sigmoid", "tanh", "relu", "relu2", "gelu", "gelu_tanh", "softplus"};
constexpr ArgSpec kGateArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outFactors", symbol(0), sum("2*D", term(2, 1))).out().optional().cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    choice("fn", kGateFn),
};
constexpr SymbolSpec kGateSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", sum("2*D", term(2, 1)), 2, SymbolSpec::cols),
};
double runGate(const KernelTable& table, Context& context, const Argument* v) {
  table.gate(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<Fn>(v[3].choice)});
  return 0;
}

constexpr ArgSpec kGateGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*D", term(2, 1))).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("factors", symbol(0), sum("2*D", term(2, 1))).cut(),
};
constexpr SymbolSpec kGateGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runGateGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.gateGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}

constexpr ArgSpec kGatherRowsArgs[] = {
    tensor<float>("out", symbol(2), symbol(1)).out(),
    tensor<float>("table", symbol(0), symbol(1)),
    tensor<int32_t>("ids", symbol(2), fixed(1)).below(0),
};
constexpr SymbolSpec kGatherRowsSymbols[] = {
    solve("V", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("M", symbol(2), 2, SymbolSpec::rows),
};
double runGatherRows(const KernelTable& table, Context& context, const Argument* v) {
  table.gatherRows(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int32_t>(v[2])});
  return 0;
}

constexpr const char* kHeadLossPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kHeadLossArgs[] = {
    tensor<float>("outNats", symbol(0), fixed(1)).out(),
    tensor<float>("outDh", symbol(0), symbol(1)).out().optional(),
    tensor<float>("accTable", symbol(2), symbol(1)).update().optional(),
    tensor<float>("h", symbol(0), symbol(1)),
    tensor<float>("table", symbol(2), symbol(1)),
    tensor<int32_t>("targets.offsets", sum("M+1", term(1, 0), term(1)), fixed(1)).offsetsInto(3),
    tensor<int32_t>("targets.ids", symbol(3), fixed(1)).below(2).entriesOf(5),
    tensor<float>("targets.weights", symbol(3), fixed(1)).entriesOf(5),
    scalar("scale"),
    choice("precision", kHeadLossPrecision),
};
constexpr SymbolSpec kHeadLossSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 3, SymbolSpec::cols),
    solve("V", symbol(2), 4, SymbolSpec::rows),
    solve("Z", symbol(3), 6, SymbolSpec::rows),
};
double runHeadLoss(const KernelTable& table, Context& context, const Argument* v) {
  table.headLoss(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const int32_t>(v[5]), matrix<const int32_t>(v[6]), matrix<const float>(v[7]), v[8].number, static_cast<Precision>(v[9].choice)});
  return 0;
}

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

constexpr const char* kMatmulPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kMatmulArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out(),
    tensor<float>("a", symbol(0), symbol(1)),
    tensor<float>("b", symbol(1), symbol(2)),
    choice("precision", kMatmulPrecision),
};
constexpr SymbolSpec kMatmulSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::cols),
};
double runMatmul(const KernelTable& table, Context& context, const Argument* v) {
  table.matmul(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), static_cast<Precision>(v[3].choice)});
  return 0;
}

constexpr const char* kMatmulTransAPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kMatmulTransAArgs[] = {
    tensor<float>("acc", symbol(1), symbol(2)).update(),
    tensor<float>("a", symbol(0), symbol(1)),
    tensor<float>("b", symbol(0), symbol(2)),
    choice("precision", kMatmulTransAPrecision),
};
constexpr SymbolSpec kMatmulTransASymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::cols),
};
double runMatmulTransA(const KernelTable& table, Context& context, const Argument* v) {
  table.matmulTransA(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), static_cast<Precision>(v[3].choice)});
  return 0;
}

constexpr const char* kMatmulTransBPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kMatmulTransBArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out(),
    tensor<float>("a", symbol(0), symbol(1)),
    tensor<float>("b", symbol(2), symbol(1)),
    choice("precision", kMatmulTransBPrecision),
};
constexpr SymbolSpec kMatmulTransBSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::rows),
};
double runMatmulTransB(const KernelTable& table, Context& context, const Argument* v) {
  table.matmulTransB(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), static_cast<Precision>(v[3].choice)});
  return 0;
}

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

constexpr const char* kPackTernaryPrecision[] = {"f32", "bf16", "int8"};
constexpr ArgSpec kPackTernaryArgs[] = {
    tensor<uint8_t>("outPacked", fixed(1), fixed(0)).out().packs(1),
    tensor<int8_t>("codes", symbol(0), symbol(1)),
    choice("precision", kPackTernaryPrecision),
};
constexpr SymbolSpec kPackTernarySymbols[] = {
    solve("N", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
};
double runPackTernary(const KernelTable& table, Context& context, const Argument* v) {
  table.packTernary(context, {matrix<uint8_t>(v[0]), matrix<const int8_t>(v[1]), static_cast<Precision>(v[2].choice)});
  return 0;
}

constexpr ArgSpec kPasteColumnsArgs[] = {
    tensor<float>("y", symbol(0), sum("A+D+R", term(1, 2), term(1, 1), term(1, 3))).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    scalar("at").wholeNumber(0),
};
constexpr SymbolSpec kPasteColumnsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("A", symbol(2), 2, SymbolSpec::number),
    solve("R", sum("A+D+R", term(1, 2), term(1, 1), term(1, 3)), 0, SymbolSpec::cols),
};
double runPasteColumns(const KernelTable& table, Context& context, const Argument* v) {
  table.pasteColumns(context, {matrix<float>(v[0]), matrix<const float>(v[1]), static_cast<int64_t>(v[2].number)});
  return 0;
}

constexpr const char* kQuantizeRowsRule[] = {"ternary", "ternary-mse", "int8"};
constexpr ArgSpec kQuantizeRowsArgs[] = {
    tensor<int8_t>("outCodes", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outScale", symbol(0), fixed(1)).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    choice("rule", kQuantizeRowsRule),
};
constexpr SymbolSpec kQuantizeRowsSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("K", symbol(1), 2, SymbolSpec::cols),
};
double runQuantizeRows(const KernelTable& table, Context& context, const Argument* v) {
  table.quantizeRows(context, {matrix<int8_t>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<QuantizeRowsRule>(v[3].choice)});
  return 0;
}

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

constexpr ArgSpec kRmsNormArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outRstd", symbol(0), fixed(1)).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("gain", fixed(1), symbol(1)).optional(),
    scalar("eps"),
};
constexpr SymbolSpec kRmsNormSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runRmsNorm(const KernelTable& table, Context& context, const Argument* v) {
  table.rmsNorm(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), v[4].number});
  return 0;
}

constexpr ArgSpec kRmsNormGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accGain", fixed(1), symbol(1)).update().optional(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("gain", fixed(1), symbol(1)).optional(),
    tensor<float>("rstd", symbol(0), fixed(1)).cut(),
};
constexpr SymbolSpec kRmsNormGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runRmsNormGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.rmsNormGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5])});
  return 0;
}

constexpr ArgSpec kRunningMeanArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", symbol(3), sum("D+1", term(1, 1), term(1))).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kRunningMeanSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kRunningMeanEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runRunningMean(const KernelTable& table, Context& context, const Argument* v) {
  table.runningMean(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}

constexpr ArgSpec kRunningMeanGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kRunningMeanGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("T", symbol(2), 3, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kRunningMeanGradEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runRunningMeanGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.runningMeanGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int32_t>(v[2]), static_cast<int64_t>(v[3].number)});
  return 0;
}

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

constexpr ArgSpec kScaleAddGradArgs[] = {
    tensor<float>("accWeight", fixed(1), fixed(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("b", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kScaleAddGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runScaleAddGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.scaleAddGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}

constexpr ArgSpec kScanArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", symbol(3), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kScanSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", sum("2*D", term(2, 1)), 2, SymbolSpec::cols),
    solve("T", symbol(2), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kScanEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runScan(const KernelTable& table, Context& context, const Argument* v) {
  table.scan(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}

constexpr ArgSpec kScanGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*D", term(2, 1))).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<float>("y", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kScanGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("T", symbol(2), 5, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kScanGradEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runScanGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.scanGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const int32_t>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}

constexpr ArgSpec kScatterAddRowsArgs[] = {
    tensor<float>("accTable", symbol(2), symbol(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)),
    tensor<int32_t>("ids", symbol(0), fixed(1)).below(2),
};
constexpr SymbolSpec kScatterAddRowsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("V", symbol(2), 0, SymbolSpec::rows),
};
double runScatterAddRows(const KernelTable& table, Context& context, const Argument* v) {
  table.scatterAddRows(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int32_t>(v[2])});
  return 0;
}

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

constexpr ArgSpec kSliceColumnsArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out().cut(),
    tensor<float>("x", symbol(0), sum("A+D+R", term(1, 1), term(1, 2), term(1, 3))).cut(),
    scalar("at").wholeNumber(0),
};
constexpr SymbolSpec kSliceColumnsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("A", symbol(1), 2, SymbolSpec::number),
    solve("D", symbol(2), 0, SymbolSpec::cols),
    solve("R", sum("A+D+R", term(1, 1), term(1, 2), term(1, 3)), 1, SymbolSpec::cols),
};
double runSliceColumns(const KernelTable& table, Context& context, const Argument* v) {
  table.sliceColumns(context, {matrix<float>(v[0]), matrix<const float>(v[1]), static_cast<int64_t>(v[2].number)});
  return 0;
}

constexpr ArgSpec kSoftmaxCrossEntropyArgs[] = {
    tensor<float>("outNats", symbol(0), fixed(1)).out(),
    tensor<float>("outDz", symbol(0), symbol(1)).out().optional(),
    tensor<float>("z", symbol(0), symbol(1)),
    tensor<int32_t>("targets.offsets", sum("M+1", term(1, 0), term(1)), fixed(1)).offsetsInto(2),
    tensor<int32_t>("targets.ids", symbol(2), fixed(1)).below(1).entriesOf(3),
    tensor<float>("targets.weights", symbol(2), fixed(1)).entriesOf(3),
    scalar("scale"),
};
constexpr SymbolSpec kSoftmaxCrossEntropySymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("V", symbol(1), 2, SymbolSpec::cols),
    solve("Z", symbol(2), 4, SymbolSpec::rows),
};
double runSoftmaxCrossEntropy(const KernelTable& table, Context& context, const Argument* v) {
  table.softmaxCrossEntropy(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), matrix<const int32_t>(v[4]), matrix<const float>(v[5]), v[6].number});
  return 0;
}

constexpr ArgSpec kSumSquaresArgs[] = {
    tensor<float>("x", symbol(0), symbol(1)),
};
constexpr SymbolSpec kSumSquaresSymbols[] = {
    solve("M", symbol(0), 0, SymbolSpec::rows),
    solve("D", symbol(1), 0, SymbolSpec::cols),
};
double runSumSquares(const KernelTable& table, Context& context, const Argument* v) {
  return table.sumSquares(context, {matrix<const float>(v[0])});
}

constexpr ArgSpec kTernaryMatmulArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out().cut(),
    tensor<int8_t>("x.codes", symbol(0), symbol(1)).cut().atMostCols(4194304),
    tensor<float>("x.scale", symbol(0), fixed(1)).cut(),
    tensor<int8_t>("w.codes", symbol(2), symbol(1)).atMostCols(4194304),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(3),
};
constexpr SymbolSpec kTernaryMatmulSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 3, SymbolSpec::rows),
};
double runTernaryMatmul(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmul(context, {matrix<float>(v[0]), matrix<const int8_t>(v[1]), matrix<const float>(v[2]), matrix<const int8_t>(v[3]), matrix<const float>(v[4]), matrix<const uint8_t>(v[5])});
  return 0;
}

constexpr const char* kTernaryMatmulFloatPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kTernaryMatmulFloatArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out(),
    tensor<float>("x", symbol(0), symbol(1)),
    tensor<int8_t>("w.codes", symbol(2), symbol(1)),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(2),
    choice("precision", kTernaryMatmulFloatPrecision),
};
constexpr SymbolSpec kTernaryMatmulFloatSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::rows),
};
double runTernaryMatmulFloat(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmulFloat(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int8_t>(v[2]), matrix<const float>(v[3]), matrix<const uint8_t>(v[4]), static_cast<Precision>(v[5].choice)});
  return 0;
}

constexpr const char* kTernaryMatmulGradWPrecision[] = {"f32", "bf16", "int8"};
constexpr ArgSpec kTernaryMatmulGradWArgs[] = {
    tensor<float>("accW", symbol(1), symbol(2)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<int8_t>("x.codes", symbol(0), symbol(2)).cut(),
    tensor<float>("x.scale", symbol(0), fixed(1)).cut(),
    choice("precision", kTernaryMatmulGradWPrecision),
};
constexpr SymbolSpec kTernaryMatmulGradWSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("N", symbol(1), 1, SymbolSpec::cols),
    solve("K", symbol(2), 2, SymbolSpec::cols),
};
double runTernaryMatmulGradW(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmulGradW(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int8_t>(v[2]), matrix<const float>(v[3]), static_cast<Precision>(v[4].choice)});
  return 0;
}

constexpr const char* kTernaryMatmulGradXPrecision[] = {"f32", "bf16", "int8"};
constexpr ArgSpec kTernaryMatmulGradXArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(2)).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<int8_t>("w.codes", symbol(1), symbol(2)),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(2),
    choice("precision", kTernaryMatmulGradXPrecision),
};
constexpr SymbolSpec kTernaryMatmulGradXSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("N", symbol(1), 1, SymbolSpec::cols),
    solve("K", symbol(2), 2, SymbolSpec::cols),
};
double runTernaryMatmulGradX(const KernelTable& table, Context& context, const Argument* v) {
  table.ternaryMatmulGradX(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int8_t>(v[2]), matrix<const float>(v[3]), matrix<const uint8_t>(v[4]), static_cast<Precision>(v[5].choice)});
  return 0;
}

constexpr ArgSpec kTokenShiftArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", symbol(3), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("mix", fixed(1), symbol(1)),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kTokenShiftSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kTokenShiftEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runTokenShift(const KernelTable& table, Context& context, const Argument* v) {
  table.tokenShift(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}

constexpr ArgSpec kTokenShiftGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accMix", fixed(1), symbol(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("mix", fixed(1), symbol(1)),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kTokenShiftGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 5, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kTokenShiftGradEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runTokenShiftGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.tokenShiftGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}

constexpr OpSpec kOps[] = {
    {"activation", kActivationArgs, 4, 10, kActivationSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runActivation},
    {"adamW", kAdamWArgs, 10, 18, kAdamWSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runAdamW},
    {"add", kAddArgs, 3, 9, kAddSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runAdd},
    {"addBias", kAddBiasArgs, 3, 9, kAddBiasSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runAddBias},
    {"addBiasGrad", kAddBiasGradArgs, 2, 6, kAddBiasGradSymbols, 2, nullptr, 0, true, 1, kNone, false, false, false, runAddBiasGrad},
    {"causalConv", kCausalConvArgs, 6, 16, kCausalConvSymbols, 5, kCausalConvEquations, 1, true, 0, 5, false, false, false, runCausalConv},
    {"causalConvGrad", kCausalConvGradArgs, 7, 19, kCausalConvGradSymbols, 5, kCausalConvGradEquations, 1, true, 0, 6, false, false, false, runCausalConvGrad},
    {"countPairs", kCountPairsArgs, 6, 16, kCountPairsSymbols, 2, nullptr, 0, false, kNone, kNone, false, true, false, runCountPairs},
    {"delay", kDelayArgs, 4, 10, kDelaySymbols, 5, kDelayEquations, 1, true, 0, 3, false, false, false, runDelay},
    {"delayGrad", kDelayGradArgs, 4, 8, kDelayGradSymbols, 5, kDelayGradEquations, 1, true, 0, 3, false, false, false, runDelayGrad},
    {"dropout", kDropoutArgs, 7, 11, kDropoutSymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runDropout},
    {"gate", kGateArgs, 4, 10, kGateSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runGate},
    {"gateGrad", kGateGradArgs, 3, 9, kGateGradSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runGateGrad},
    {"gatherRows", kGatherRowsArgs, 3, 9, kGatherRowsSymbols, 3, nullptr, 0, false, kNone, kNone, false, false, false, runGatherRows},
    {"headLoss", kHeadLossArgs, 10, 26, kHeadLossSymbols, 4, nullptr, 0, false, kNone, kNone, false, false, false, runHeadLoss},
    {"lion", kLionArgs, 7, 13, kLionSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runLion},
    {"matmul", kMatmulArgs, 4, 10, kMatmulSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runMatmul},
    {"matmulTransA", kMatmulTransAArgs, 4, 10, kMatmulTransASymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runMatmulTransA},
    {"matmulTransB", kMatmulTransBArgs, 4, 10, kMatmulTransBSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runMatmulTransB},
    {"multiply", kMultiplyArgs, 3, 9, kMultiplySymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runMultiply},
    {"packTernary", kPackTernaryArgs, 3, 7, kPackTernarySymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runPackTernary},
    {"pasteColumns", kPasteColumnsArgs, 3, 7, kPasteColumnsSymbols, 4, nullptr, 0, true, 0, kNone, false, false, false, runPasteColumns},
    {"quantizeRows", kQuantizeRowsArgs, 4, 10, kQuantizeRowsSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runQuantizeRows},
    {"quantizeWeight", kQuantizeWeightArgs, 4, 10, kQuantizeWeightSymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runQuantizeWeight},
    {"rmsNorm", kRmsNormArgs, 5, 13, kRmsNormSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runRmsNorm},
    {"rmsNormGrad", kRmsNormGradArgs, 6, 18, kRmsNormGradSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runRmsNormGrad},
    {"runningMean", kRunningMeanArgs, 5, 13, kRunningMeanSymbols, 4, kRunningMeanEquations, 1, true, 0, 4, false, false, false, runRunningMean},
    {"runningMeanGrad", kRunningMeanGradArgs, 4, 10, kRunningMeanGradSymbols, 4, kRunningMeanGradEquations, 1, true, 0, 3, false, false, false, runRunningMeanGrad},
    {"scale", kScaleArgs, 2, 4, kScaleSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runScale},
    {"scaleAdd", kScaleAddArgs, 4, 12, kScaleAddSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runScaleAdd},
    {"scaleAddGrad", kScaleAddGradArgs, 3, 9, kScaleAddGradSymbols, 2, nullptr, 0, true, 1, kNone, false, false, false, runScaleAddGrad},
    {"scan", kScanArgs, 5, 13, kScanSymbols, 4, kScanEquations, 1, true, 0, 4, false, false, false, runScan},
    {"scanGrad", kScanGradArgs, 6, 16, kScanGradSymbols, 4, kScanGradEquations, 1, true, 0, 5, false, false, false, runScanGrad},
    {"scatterAddRows", kScatterAddRowsArgs, 3, 9, kScatterAddRowsSymbols, 3, nullptr, 0, false, kNone, kNone, false, false, false, runScatterAddRows},
    {"sgdMomentum", kSgdMomentumArgs, 6, 12, kSgdMomentumSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSgdMomentum},
    {"sliceColumns", kSliceColumnsArgs, 3, 7, kSliceColumnsSymbols, 4, nullptr, 0, true, 0, kNone, false, false, false, runSliceColumns},
    {"softmaxCrossEntropy", kSoftmaxCrossEntropyArgs, 7, 19, kSoftmaxCrossEntropySymbols, 3, nullptr, 0, false, kNone, kNone, false, false, false, runSoftmaxCrossEntropy},
    {"sumSquares", kSumSquaresArgs, 1, 3, kSumSquaresSymbols, 2, nullptr, 0, false, kNone, kNone, false, false, true, runSumSquares},
    {"ternaryMatmul", kTernaryMatmulArgs, 6, 18, kTernaryMatmulSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runTernaryMatmul},
    {"ternaryMatmulFloat", kTernaryMatmulFloatArgs, 6, 16, kTernaryMatmulFloatSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runTernaryMatmulFloat},
    {"ternaryMatmulGradW", kTernaryMatmulGradWArgs, 5, 13, kTernaryMatmulGradWSymbols, 3, nullptr, 0, true, 1, kNone, true, false, false, runTernaryMatmulGradW},
    {"ternaryMatmulGradX", kTernaryMatmulGradXArgs, 6, 16, kTernaryMatmulGradXSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runTernaryMatmulGradX},
    {"tokenShift", kTokenShiftArgs, 5, 13, kTokenShiftSymbols, 4, kTokenShiftEquations, 1, true, 0, 4, false, false, false, runTokenShift},
    {"tokenShiftGrad", kTokenShiftGradArgs, 6, 16, kTokenShiftGradSymbols, 4, kTokenShiftGradEquations, 1, true, 0, 5, false, false, false, runTokenShiftGrad},
};
