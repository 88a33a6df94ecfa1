"""What a `Saying` is in other languages, by its English.

What is in no table here is told in English. A sentence that begins with a name that somebody gave
has it in front in every language, so that it is found in the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from console.journal.language import Language

_Told = Mapping[str, tuple[str, str]]

_JOINTS: Final[_Told] = {
    "{first}, {rest}": ("{first}、{rest}", "{first}、{rest}"),
    "{first}; {rest}": ("{first}；{rest}", "{first}；{rest}"),
    "{first} and {rest}": ("{first}，並{rest}", "{first}，并{rest}"),
    "{by}: {why}": ("{by}：{why}", "{by}：{why}"),
    "{n} more": ("另有 {n} 項", "另有 {n} 项"),
    "none": ("無", "无"),
    "nobody": ("無人", "无人"),
}
_FIGURES: Final[_Told] = {
    # Why there is none, or why it is not enough.
    "all of the time is excluded": ("所有時間皆已排除", "所有时间均已排除"),
    "nobody was watching": ("該時段無觀測資料", "该时段无观测数据"),
    "nobody has set an objective": ("未設定目標", "未设置目标"),
    "{seen} % of the time was observed, {least} % is needed": (
        "僅觀測到 {seen}% 的時間，至少需要 {least}%",
        "仅观测到 {seen}% 的时间，至少需要 {least}%",
    ),
    "the answer was {value}; a number was expected": (
        "查詢結果為 {value}，並非數值",
        "查询结果为 {value}，并非数值",
    ),
    "there is no answer": ("沒有結果", "没有结果"),
    "it was not asked": ("未查詢", "未查询"),
    "nothing measures it: name a query, or write its value down": (
        "尚無量測方式：請設定查詢語句，或由人工填寫",
        "尚无测量方式：请配置查询语句，或由人工填写",
    ),
    "no alert was taken": ("沒有告警被接手", "没有告警被接手"),
    "no alert ended": ("沒有告警結束", "没有告警结束"),
    "no page is registered": ("沒有登錄任何頁面", "没有登记任何页面"),
    "no service is registered": ("沒有登錄任何服務", "没有登记任何服务"),
    "nothing tells how long answers take": ("沒有回應時間的資料", "没有响应时间的数据"),
    "there is no service of that name": ("沒有這個名稱的服務", "没有这个名称的服务"),
    "only history knows who took an alert, and it has none of these": (
        "只有歷史紀錄記載由誰接手告警，而這些告警不在其中",
        "只有历史记录记载由谁接手告警，而这些告警不在其中",
    ),
    "it is not known of which service a step was": (
        "無法得知各步驟屬於哪個服務",
        "无法得知各步骤属于哪个服务",
    ),
    "no step of a runbook that acts was carried out": (
        "沒有執行過操作手冊中的變更步驟",
        "没有执行过操作手册中的变更步骤",
    ),
    # Of queries.
    "no service {name} is registered": (
        "沒有登錄名為 {name} 的服務",
        "没有登记名为 {name} 的服务",
    ),
    "no Prometheus is among the sources": (
        "來源中沒有 Prometheus",
        "来源中没有 Prometheus",
    ),
    "no Prometheus {name} is among the sources": (
        "來源中沒有名為 {name} 的 Prometheus",
        "来源中没有名为 {name} 的 Prometheus",
    ),
    "no data": ("無資料", "无数据"),
    "{n} series, expected one number": (
        "查詢得到 {n} 個序列，應為單一數值",
        "查询得到 {n} 个序列，应为单个数值",
    ),
    "the query gives NaN, as where nothing is divided by nothing": (
        "查詢結果為 NaN，例如 0 除以 0",
        "查询结果为 NaN，例如 0 除以 0",
    ),
    "the query gives an infinite number": ("查詢結果為無限大", "查询结果为无穷大"),
    "the query gives a number beyond all figures": (
        "查詢結果的數值過大，無法作為指標",
        "查询结果的数值过大，无法作为指标",
    ),
    "the query gives histograms, expected one number": (
        "查詢得到直方圖，應為單一數值",
        "查询得到直方图，应为单个数值",
    ),
    "the service's name has a ` in it: write the query with other quotes": (
        "服務名稱含有 `：查詢語句請改用其他引號",
        "服务名称含有 `：查询语句请改用其他引号",
    ),
    '`$service` stands outside of quotes: write service=~"$service"': (
        '`$service` 不在引號內：請寫成 service=~"$service"',
        '`$service` 不在引号内：请写成 service=~"$service"',
    ),
    "the query has `$service`, and the objective names no `services:`": (
        "查詢語句含有 `$service`，但該目標未列出 `services:`",
        "查询语句含有 `$service`，但该目标未列出 `services:`",
    ),
}
_SOURCES: Final[_Told] = {
    "history": ("歷史紀錄", "历史记录"),
    "journal": ("日誌", "日志"),
    "settings": ("設定", "设置"),
    "history: {who}": ("歷史紀錄：{who}", "历史记录：{who}"),
    "{by} ({how})": ("{by}（{how}）", "{by}（{how}）"),
    "console": ("主控台", "控制台"),
    "recorder": ("記錄程式", "记录程序"),
    "prometheus": ("自 Prometheus 匯入", "自 Prometheus 导入"),
    "imported": ("自匯出檔匯入", "自导出文件导入"),
    "{who} on {day}": ("{who}，{day}", "{who}，{day}"),
    "{who} on {day} (inspection)": ("{who}，{day} 巡檢", "{who}，{day} 巡检"),
    "maintenance {name}": ("維護「{name}」", "维护“{name}”"),
}
_NOTICES: Final[_Told] = {
    # Why nobody recorded.
    "the settings changed": ("設定已變更", "设置已更改"),
    "`oncall record` took over": ("改由 `oncall record` 記錄", "改由 `oncall record` 记录"),
    "the machine slept": ("主機進入休眠", "主机进入休眠"),
    "the clock jumped by {jump} s": ("時鐘跳動 {jump} 秒", "时钟跳变 {jump} 秒"),
    # What could not be read.
    "history is not read: {why}": ("無法讀取歷史紀錄：{why}", "无法读取历史记录：{why}"),
    "the history file is damaged: {count} of its stretches and hours are left out; "
    "`oncall history check` says more": (
        "歷史紀錄檔已損壞：有 {count} 筆時段資料未計入；詳見 `oncall history check`",
        "历史记录文件已损坏：有 {count} 条时段数据未计入；详见 `oncall history check`",
    ),
    "the history file is damaged: {count} of its episodes are left out; "
    "`oncall history check` says more": (
        "歷史紀錄檔已損壞：有 {count} 筆告警紀錄未計入；詳見 `oncall history check`",
        "历史记录文件已损坏：有 {count} 条告警记录未计入；详见 `oncall history check`",
    ),
    "the history file is damaged: {count} of its events are left out; "
    "`oncall history check` says more": (
        "歷史紀錄檔已損壞：有 {count} 筆事件紀錄未計入；詳見 `oncall history check`",
        "历史记录文件已损坏：有 {count} 条事件记录未计入；详见 `oncall history check`",
    ),
    "the journal is not read: {why}": ("無法讀取日誌：{why}", "无法读取日志：{why}"),
    "{path} is left out: {why}": ("{path} 未計入：{why}", "{path} 未计入：{why}"),
    "{n} more documents are left out": ("另有 {n} 份文件未計入", "另有 {n} 份文档未计入"),
    "the inspection of {day} is left out: {why}": (
        "{day} 的巡檢未計入：{why}",
        "{day} 的巡检未计入：{why}",
    ),
    "{n} more of the kind are left out": ("另有 {n} 則同類訊息省略", "另有 {n} 条同类消息省略"),
    # Of Prometheus.
    "Prometheus did not answer within {s} s": (
        "Prometheus 未在 {s} 秒內回應",
        "Prometheus 未在 {s} 秒内响应",
    ),
    "Prometheus did not tell of it within {s} s": (
        "Prometheus 未在 {s} 秒內傳回該時段的資料",
        "Prometheus 未在 {s} 秒内返回该时段的数据",
    ),
    "{server} {cause}; {remedy}": (
        "{server} 沒有可用的回應：{cause}；{remedy}",
        "{server} 没有可用的响应：{cause}；{remedy}",
    ),
    "{server}: partial answer: {warning}": (
        "{server}：回應不完整：{warning}",
        "{server}：响应不完整：{warning}",
    ),
    "{server}: it has no sample of {probes} or {up} of this time": (
        "{server}：此時段沒有 {probes} 或 {up} 的樣本",
        "{server}：此时段没有 {probes} 或 {up} 的样本",
    ),
    "{server}: {n} series of {metric} are too many and left out": (
        "{server}：{metric} 有 {n} 個序列因數量過多而未計入",
        "{server}：{metric} 有 {n} 个序列因数量过多而未计入",
    ),
    "{n} scrape targets of no registered service are left out: they would be too many samples": (
        "{n} 個抓取目標不屬於任何已登錄的服務，因樣本過多而未計入",
        "{n} 个抓取目标不属于任何已登记的服务，因样本过多而未计入",
    ),
    "{n} samples are too many: the last one of every {minutes} minutes is taken, and what was "
    "shorter may be missing": (
        "{n} 個樣本過多：每 {minutes} 分鐘僅取最後一個，較短的狀況可能遺漏",
        "{n} 个样本过多：每 {minutes} 分钟仅取最后一个，较短的状况可能遗漏",
    ),
    "{server}: {n} samples of alerts are too many: they are looked at every {minutes} minutes": (
        "{server}：{n} 個告警樣本過多，改為每 {minutes} 分鐘取樣一次",
        "{server}：{n} 个告警样本过多，改为每 {minutes} 分钟采样一次",
    ),
}
_OWED: Final[_Told] = {
    "action {n}: {text}": ("改善事項 {n}：{text}", "改进事项 {n}：{text}"),
    "nobody leads it": ("沒有負責人", "没有负责人"),
    "it has no severity": ("尚未定嚴重程度", "尚未定严重程度"),
    "hold the post-mortem meeting": ("召開檢討會議", "召开复盘会议"),
    "write its action items": ("填寫改善事項", "填写改进事项"),
    "give every action item an owner": (
        "為每一項改善事項指派負責人",
        "为每一项改进事项指派负责人",
    ),
    "an emergency change is reviewed by somebody else before it is closed": (
        "緊急變更結案前須由他人審查",
        "紧急变更结案前须由他人审查",
    ),
    "{who} made it; somebody else reviews it": (
        "{who} 是執行者，須由他人審查",
        "{who} 是执行者，须由他人审查",
    ),
    "{left} of {whole} items of the daily inspection are not looked at": (
        "每日巡檢 {whole} 項中尚有 {left} 項未檢查",
        "每日巡检 {whole} 项中尚有 {left} 项未检查",
    ),
    "how far it is cannot be read: {why}": ("無法讀取進度：{why}", "无法读取进度：{why}"),
}
_NOW: Final[_Told] = {
    "ends {at}": ("{at} 結束", "{at} 结束"),
    "since {at}": ("自 {at} 起", "自 {at} 起"),
    "holds nothing": ("未對應任何告警", "未匹配任何告警"),
    "{silence} ({who}: {comment}): {what}": (
        "{silence}（{who}：{comment}）：{what}",
        "{silence}（{who}：{comment}）：{what}",
    ),
    "expired": ("已過期", "已过期"),
    "{n} days left": ("剩餘 {n} 天", "剩余 {n} 天"),
    "{services}: {at}, {left}": ("{services}：{at}，{left}", "{services}：{at}，{left}"),
    "{disk}: {percent} % used": ("{disk}：已使用 {percent}%", "{disk}：已使用 {percent}%"),
    "{service}: {told}, expected {wanted}": (
        "{service}：{told}，預期 {wanted}",
        "{service}：{told}，预期 {wanted}",
    ),
    "{book}: its review is overdue": ("{book}：已逾審閱期限", "{book}：已逾审阅期限"),
    "{book}: it does not say when it was reviewed": (
        "{book}：未記載審閱日期",
        "{book}：未记载审阅日期",
    ),
}
_HANDOVER: Final[_Told] = {
    "on call: {who}": ("值班：{who}", "值班：{who}"),
    "on call: {who} until {at}": ("值班：{who}，至 {at}", "值班：{who}，至 {at}"),
    "on call: nobody": ("值班：無人", "值班：无人"),
    "on call: not known, the settings have no rota": (
        "值班：未知，設定中沒有輪值表",
        "值班：未知，设置中没有排班表",
    ),
    "then {who} from {at}": ("其後 {who}，自 {at} 起", "其后 {who}，自 {at} 起"),
    "not known: {rows}": ("無法得知：{rows}", "无法得知：{rows}"),
    "P0 and P1 that are not taken: {rows}": (
        "未接手的 P0 與 P1：{rows}",
        "未接手的 P0 与 P1：{rows}",
    ),
    "acked and still firing: {rows}": ("已接手、仍在觸發：{rows}", "已接手、仍在触发：{rows}"),
    "clocks breached: {rows}": ("已逾時限：{rows}", "已超时限：{rows}"),
    "runs of runbooks: {rows}": ("操作手冊執行：{rows}", "操作手册执行：{rows}"),
    "open incidents: {rows}": ("處理中的事件：{rows}", "处理中的事件：{rows}"),
    "owed by {at}: {rows}": ("待辦（{at} 前到期）：{rows}", "待办（{at} 前到期）：{rows}"),
    "changes under way, or to start by {at}: {rows}": (
        "變更（執行中，或於 {at} 前開始）：{rows}",
        "变更（执行中，或于 {at} 前开始）：{rows}",
    ),
    "freezes that begin or end by {at}: {rows}": (
        "變更凍結（{at} 前開始或結束）：{rows}",
        "变更冻结（{at} 前开始或结束）：{rows}",
    ),
    "silences that end by {at}: {rows}": (
        "靜音（{at} 前結束）：{rows}",
        "静默（{at} 前结束）：{rows}",
    ),
    "this shift: {counts}": ("本班：{counts}", "本班：{counts}"),
    "this shift: not known, no console has seen anything happen": (
        "本班：未知，沒有主控台看到任何事件",
        "本班：未知，没有控制台看到任何事件",
    ),
    "{fired} began to fire, {resolved} resolved, {acked} acked since {at}": (
        "自 {at} 起觸發 {fired} 則、解除 {resolved} 則、接手 {acked} 則",
        "自 {at} 起触发 {fired} 条、恢复 {resolved} 条、接手 {acked} 条",
    ),
    "at least {counts}": ("至少 {counts}", "至少 {counts}"),
    "{what} on {where}": ("{what}（{where}）", "{what}（{where}）"),
    "{row}, taken by {who}": ("{row}，由 {who} 接手", "{row}，由 {who} 接手"),
    "{row}, nobody has it": ("{row}，無人接手", "{row}，无人接手"),
    "{row}, led by {who}": ("{row}，負責人 {who}", "{row}，负责人 {who}"),
    "{row}, nobody leads it": ("{row}，沒有負責人", "{row}，没有负责人"),
    "nobody has it": ("無人負責", "无人负责"),
    "{document}: {what} ({who}), due {at}": (
        "{document}：{what}（{who}），期限 {at}",
        "{document}：{what}（{who}），期限 {at}",
    ),
    "{change}, from {at}": ("{change}，自 {at} 起", "{change}，自 {at} 起"),
    "{change}, never started, and its window is over": (
        "{change}，未曾開始，變更時段已過",
        "{change}，未曾开始，变更时段已过",
    ),
    "{freeze} begins {at}": ("{freeze} 於 {at} 開始", "{freeze} 于 {at} 开始"),
    "{freeze} ends {at}": ("{freeze} 於 {at} 結束", "{freeze} 于 {at} 结束"),
    "{silence} by {who}, ends {at}": (
        "{silence}（{who}），{at} 結束",
        "{silence}（{who}），{at} 结束",
    ),
    "{run}, open since {at}, by {who}": (
        "{run}，{who} 自 {at} 起執行中",
        "{run}，{who} 自 {at} 起执行中",
    ),
    "{run}, by {who}: {result}": ("{run}，{who}：{result}", "{run}，{who}：{result}"),
    "passed": ("通過", "通过"),
    "failed": ("失敗", "失败"),
    "not known how": ("結果未知", "结果未知"),
    "not ended": ("未結束", "未结束"),
    "ended": ("已結束", "已结束"),
    "{source} is {state}": ("{source} 狀態為 {state}", "{source} 状态为 {state}"),
    "{source} is {state}: {cause}": (
        "{source} 狀態為 {state}：{cause}",
        "{source} 状态为 {state}：{cause}",
    ),
    "no source has been asked yet: this is what a console saved at {at} UTC": (
        "尚未查詢任何來源：此為主控台於 {at} UTC 儲存的內容",
        "尚未查询任何来源：此为控制台于 {at} UTC 保存的内容",
    ),
    "not every source has answered yet: there may be more than is listed": (
        "尚有來源未回應：實際可能多於所列",
        "尚有来源未响应：实际可能多于所列",
    ),
    "1 alert is STALE or LOST: what still fires is not known": (
        "1 則告警為 STALE 或 LOST：無法得知是否仍在觸發",
        "1 条告警为 STALE 或 LOST：无法得知是否仍在触发",
    ),
    "{n} alerts are STALE or LOST: what still fires is not known": (
        "{n} 則告警為 STALE 或 LOST：無法得知哪些仍在觸發",
        "{n} 条告警为 STALE 或 LOST：无法得知哪些仍在触发",
    ),
    "the journal: {why}, so that nothing in it stands here": (
        "日誌：{why}，其內容均未列入",
        "日志：{why}，其内容均未列入",
    ),
    "the journal: {why}; what it said before stands here": (
        "日誌：{why}；此處為先前的內容",
        "日志：{why}；此处为先前的内容",
    ),
    "the journal is {state}: others may have written what does not stand here": (
        "日誌狀態為 {state}：他人寫入的內容可能未列入",
        "日志状态为 {state}：他人写入的内容可能未列入",
    ),
    "1 document of the journal is not readable": (
        "日誌中有 1 份文件無法讀取",
        "日志中有 1 份文档无法读取",
    ),
    "{n} documents of the journal are not readable": (
        "日誌中有 {n} 份文件無法讀取",
        "日志中有 {n} 份文档无法读取",
    ),
}
_NAMES: Final[_Told] = {
    # The built-in objectives and key figures of the settings.
    "availability": ("可用率", "可用率"),
    "page load": ("頁面載入", "页面加载"),
    "key-flow success": ("關鍵流程成功率", "关键流程成功率"),
    "crash rate": ("崩潰率", "崩溃率"),
    "API error rate": ("API 錯誤率", "API 错误率"),
    "MTTA": ("平均接手時間", "平均接手时间"),
    "MTTR": ("平均解決時間", "平均解决时间"),
    "automated operations": ("自動化操作比例", "自动化操作占比"),
    "security events": ("安全事件數", "安全事件数"),
    "response time p95": ("p95 回應時間", "p95 响应时间"),
    "throughput": ("吞吐量", "吞吐量"),
    "resource use": ("資源使用率", "资源使用率"),
    "error rate": ("錯誤率", "错误率"),
}
_INSPECTION: Final[_Told] = {
    # The built-in items of the settings.
    "Crash rate of yesterday": ("昨日崩潰率", "昨日崩溃率"),
    "API error rate of yesterday": ("昨日 API 錯誤率", "昨日 API 错误率"),
    "Key funnels: counts against the day before": (
        "關鍵漏斗：與前一日的數量比較",
        "关键漏斗：与前一日的数量对比",
    ),
    "Response to risk events: none waited over 300 s": (
        "風險事件回應：均未等待超過 300 秒",
        "风险事件响应：均未等待超过 300 秒",
    ),
    "Heartbeats of external dependencies": ("外部相依服務的心跳", "外部依赖的心跳"),
    "Daily snapshot is there, 30 days of cold copies": (
        "每日快照存在，冷備份保留 30 天",
        "每日快照存在，冷备份保留 30 天",
    ),
    "Security patrol: RBAC, reviewed weekly": (
        "安全巡查：RBAC，每週審查",
        "安全巡查：RBAC，每周审查",
    ),
    "Security patrol: audit of sensitive operations": (
        "安全巡查：敏感操作稽核",
        "安全巡查：敏感操作审计",
    ),
}
_TABLES: Final = (
    _JOINTS, _FIGURES, _SOURCES, _NOTICES, _OWED, _NOW, _HANDOVER, _NAMES, _INSPECTION,
)  # fmt: skip
SAYINGS: Final[_Told] = {english: told for table in _TABLES for english, told in table.items()}
_COLUMN: Final = {Language.TRADITIONAL_CHINESE: 0, Language.SIMPLIFIED_CHINESE: 1}


def template_of(english: str, language: Language) -> str:
    """What the English template is in `language`; itself where it has no words for it."""
    column = _COLUMN.get(language)
    told = SAYINGS.get(english)
    return english if column is None or told is None else told[column]
