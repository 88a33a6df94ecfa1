"""Sentences of reports, and what stands in the place of a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, tuple[str, str, str]]] = {
    # How sentences are put together.
    "stop-between": (". ", "。", "。"),
    "comma": (", ", "，", "，"),
    "and": (", ", "、", "、"),
    "semicolon": ("; ", "；", "；"),
    "colon": ("{name}: {value}", "{name}：{value}", "{name}：{value}"),
    "colon-alone": (": ", "：", "："),
    "brackets": (" ({text})", "（{text}）", "（{text}）"),
    "to": ("{start} to {end}", "{start} 至 {end}", "{start} 至 {end}"),
    "n-of-m": ("{n} of {m}", "{n}/{m}", "{n}/{m}"),
    "mean-over": ("over {n}", "計 {n}", "计 {n}"),
    # The verdict.
    "overall-met": ("Objectives met", "目標達成", "目标达成"),
    "overall-missed": ("Objectives missed", "目標未達成", "目标未达成"),
    "overall-not enough data": (
        "Not enough data for a verdict",
        "資料不足，無法判定",
        "数据不足，无法判定",
    ),
    "overall-not measured": (
        "Nothing to judge: no objective is set",
        "未設定目標，無從判定",
        "未设定目标，无从判定",
    ),
    "judged-services": (
        "Availability of {services}",
        "{services}的可用率",
        "{services}的可用率",
    ),
    "judged-figures": (
        "{objectives} beside it",
        "其他 {objectives}",
        "其他 {objectives}",
    ),
    "n-missed": ("{n} missed", "{n} 項未達標", "{n} 项未达标"),
    "n-lacking": ("{n} without enough data", "{n} 項資料不足", "{n} 项数据不足"),
    "n-met": ("{n} met", "{n} 項達標", "{n} 项达标"),
    "day-overall": (
        "{n} of {services} had downtime",
        "{services}中有 {n} 個曾停機",
        "{services}中有 {n} 个曾停机",
    ),
    "day-down": (
        "{n} down at the end of the period",
        "期末仍有 {n} 個停機",
        "期末仍有 {n} 个停机",
    ),
    "day-clean": (
        "No downtime was seen on {services}",
        "{services}均未觀測到停機",
        "{services}均未观测到停机",
    ),
    "day-lacking": (
        "{n} without enough data",
        "{n} 個資料不足",
        "{n} 个数据不足",
    ),
    "day-nothing": (
        "Nothing was observed on this day",
        "當日沒有任何觀測資料",
        "当日没有任何观测数据",
    ),
    "kpi-measured": (
        "{n} of {m} key figures measured",
        "{m} 項關鍵指標中已量測 {n} 項",
        "{m} 项关键指标中已测量 {n} 项",
    ),
    "no-services": ("No service is known", "沒有任何服務", "没有任何服务"),
    # Summaries on one line.
    "total-line": (
        "availability {availability}, raw {raw}, coverage {coverage}, downtime {downtime}, "
        "excluded {excluded}",
        "可用率 {availability}，原始值 {raw}，涵蓋率 {coverage}，停機 {downtime}，排除 {excluded}",
        "可用率 {availability}，原始值 {raw}，覆盖率 {coverage}，停机 {downtime}，排除 {excluded}",
    ),
    "before-line": (
        "The {n} days before: availability {availability}, coverage {coverage}",
        "前 {n} 日：可用率 {availability}，涵蓋率 {coverage}",
        "前 {n} 日：可用率 {availability}，覆盖率 {coverage}",
    ),
    "service-line": (
        "availability {availability} (coverage {coverage}), objective {target}, downtime "
        "{downtime}",
        "可用率 {availability}（涵蓋率 {coverage}），目標 {target}，停機 {downtime}",
        "可用率 {availability}（覆盖率 {coverage}），目标 {target}，停机 {downtime}",
    ),
    "service-day-line": (
        "availability {availability} (coverage {coverage}), downtime {downtime}",
        "可用率 {availability}（涵蓋率 {coverage}），停機 {downtime}",
        "可用率 {availability}（覆盖率 {coverage}），停机 {downtime}",
    ),
    "figure-line": (
        "{value}, objective {target}",
        "{value}，目標 {target}",
        "{value}，目标 {target}",
    ),
    "responses-line": (
        "{alerts}, MTTA {mtta} over {acked}, MTTR {mttr} over {resolved}, late to "
        "respond {late_acks}, late to resolve {late_ends}, silenced before anybody took them "
        "{silenced}",
        "{alerts}，MTTA {mtta}（計 {acked}），MTTR {mttr}（計 {resolved}），"
        "逾時回應 {late_acks}，逾時解決 {late_ends}，接手前已靜音 {silenced}",
        "{alerts}，MTTA {mtta}（计 {acked}），MTTR {mttr}（计 {resolved}），"
        "超时响应 {late_acks}，超时解决 {late_ends}，接手前已静默 {silenced}",
    ),
    "noise-line": (
        "{count} times, firing {total}, untouched {untouched}",
        "{count} 次，觸發 {total}，無人處理 {untouched} 次",
        "{count} 次，触发 {total}，无人处理 {untouched} 次",
    ),
    "more-rows": ("and {n} more", "另有 {n} 項", "另有 {n} 项"),
    "more-in-json": (
        "{n} more stand in the JSON form",
        "另有 {n} 項，見 JSON 檔",
        "另有 {n} 项，见 JSON 文件",
    ),
    "hidden-figures": (
        "Hidden, because nothing measures them: {objectives}. The key figures and the JSON form "
        "list them.",
        "有 {objectives}因未量測而隱藏，可見於關鍵指標報告與 JSON 檔。",
        "有 {objectives}因未测量而隐藏，可见于关键指标报告与 JSON 文件。",
    ),
    "no-downtime": (
        "Downtime of 0 in every day that was observed: {services}.",
        "凡有觀測的日子停機皆為 0：{services}。",
        "凡有观测的日子停机均为 0：{services}。",
    ),
    "outages-listed": (
        "{listed} of {outages} listed, the longest",
        "共 {outages}，僅列最長的 {listed} 次",
        "共 {outages}，仅列最长的 {listed} 次",
    ),
    "downtime-note": (
        "A percentage in brackets is the coverage of a day of which not enough was observed.",
        "括號內的百分比為涵蓋率，表示該日觀測不足。",
        "括号内的百分比为覆盖率，表示该日观测不足。",
    ),
    "cut-for-chat": (
        "… cut here: the whole stands in the archived report",
        "……以下省略，完整內容見封存的報告",
        "……以下省略，完整内容见归档的报告",
    ),
    "planned": ("planned", "預定", "计划"),
    "with-coverage": ("coverage {coverage}", "涵蓋率 {coverage}", "覆盖率 {coverage}"),
    "still-going": ("going on", "進行中", "进行中"),
    "nothing": ("Nothing.", "無。", "无。"),
    "not-kept": (
        "Not known: the day is over, and this is known of the present alone.",
        "未知：當日已結束，此類資訊僅能反映目前狀況。",
        "未知：当日已结束，此类信息只反映当前状况。",
    ),
    "counts-yes": ("counts", "計入", "计入"),
    "counts-no": ("excluded by {name}", "不計入：{name}", "不计入：{name}"),
    # The inspection.
    "due-at": ("due {at}", "應於 {at} 前完成", "应于 {at} 前完成"),
    "inspection-done": (
        "Done {at}, {n} of {m} items looked at",
        "已於 {at} 完成，已檢查 {n}/{m} 項",
        "已于 {at} 完成，已检查 {n}/{m} 项",
    ),
    "inspection-late": (
        "Done late, at {at}; {n} of {m} items looked at",
        "逾時完成，於 {at}，已檢查 {n}/{m} 項",
        "超时完成，于 {at}，已检查 {n}/{m} 项",
    ),
    "inspection-open": (
        "Not done: {n} of {m} items looked at",
        "尚未完成，已檢查 {n}/{m} 項",
        "尚未完成，已检查 {n}/{m} 项",
    ),
    "inspection-overdue": (
        "Overdue: {n} of {m} items looked at",
        "已逾時，已檢查 {n}/{m} 項",
        "已超时，已检查 {n}/{m} 项",
    ),
    "tick-ok": ("as it ought to be", "正常", "正常"),
    "tick-bad": ("not as it ought to be", "異常", "异常"),
    "tick-none": ("nobody has looked", "尚未檢查", "尚未检查"),
    "measured-value": ("measured {value}", "量測值 {value}", "测量值 {value}"),
    "read-value": ("read off {value}", "讀數 {value}", "读数 {value}"),
    # Why there is no value.
    "why-unobserved": ("not observed", "無觀測資料", "无观测数据"),
    "why-all-excluded": ("all excluded", "全部排除", "全部排除"),
    "why-no-latency": ("no latencies", "無延遲資料", "无延迟数据"),
    "why-no-target": ("none set", "未設定", "未设定"),
    "why-no-budget": ("no objective", "未設目標", "未设目标"),
    "why-nothing-allowed": ("nothing is allowed", "不容許停機", "不允许停机"),
    "why-unknown-before": ("not known", "未知", "未知"),
    "why-none-taken": ("none taken", "無人接手", "无人接手"),
    "why-untold": ("only history knows", "僅歷史紀錄可知", "仅历史记录可知"),
    "why-none-ended": ("none ended", "無結束紀錄", "无结束记录"),
    "why-no-alert": ("no alert", "無告警", "无告警"),
    "why-not-measured": ("nothing measures it", "無量測來源", "无测量来源"),
    "why-no-source": ("no source", "無來源", "无来源"),
    "why-not-given": ("not given", "未填寫", "未填写"),
    # How it was made.
    "formula-availability": (
        "Availability = 1 - downtime / observed time, in seconds, each moment counted once. "
        "Maintenance and the windows of approved changes are left out of both; the raw figure "
        "beside it leaves nothing out. A freeze excludes nothing. Slow counts as up. Of several "
        "days or services the seconds are added up; percentages are never averaged.",
        "可用率＝1－停機秒數÷觀測秒數，同一時刻只計一次。維護與已核准變更的時段從兩者中"
        "排除；旁列的原始值不做任何排除。變更凍結不排除任何時段。緩慢視為正常。跨日或"
        "跨服務時以秒數相加，不對百分比取平均。",
        "可用率＝1－停机秒数÷观测秒数，同一时刻只计一次。维护与已批准变更的时段从两者中"
        "排除；旁列的原始值不做任何排除。变更冻结不排除任何时段。缓慢视为正常。跨日或"
        "跨服务时以秒数相加，不对百分比取平均。",
    ),
    "formula-coverage": (
        "Coverage = observed time / time that ought to have been observed. Below {least} the "
        'verdict is "not enough data".',
        "涵蓋率＝觀測時間÷應觀測時間。低於 {least} 時判定為「資料不足」。",
        "覆盖率＝观测时间÷应观测时间。低于 {least} 时判定为“数据不足”。",
    ),
    "formula-budget": (
        "Error budget = (1 - objective) x observed time; burn = downtime / error budget.",
        "錯誤預算＝（1－目標）×觀測時間；消耗倍率＝停機時間÷錯誤預算。",
        "错误预算＝（1－目标）×观测时间；消耗倍率＝停机时间÷错误预算。",
    ),
    "formula-latency": (
        "Percentiles are read from counts of answers in buckets of 1 %; they are never averaged.",
        "百分位數由誤差 1% 的分組計數求得，不取平均。",
        "百分位数由误差 1% 的分组计数求得，不取平均。",
    ),
    "formula-response": (
        "MTTA = mean time from an alert's start until somebody took it, of those that were "
        "taken; MTTR = mean time from its start to its proven end, of those that ended. Neither "
        "has those that a silence covered before anybody took them.",
        "MTTA＝告警開始到有人接手的平均時間，僅計已接手者；MTTR＝告警開始到確認結束的"
        "平均時間，僅計已結束者。接手前已靜音者兩者皆不計。",
        "MTTA＝告警开始到有人接手的平均时间，仅计已接手者；MTTR＝告警开始到确认结束的"
        "平均时间，仅计已结束者。接手前已静默者两者皆不计。",
    ),
    "rounding": (
        "Figures are rounded to the worse side; exact ones stand in the JSON form.",
        "數值一律往較差的一側取捨，精確值見 JSON 檔。",
        "数值一律往较差的一侧取舍，精确值见 JSON 文件。",
    ),
    "availability-from": (
        "Availability and latency of {services}",
        "{services}的可用率與延遲",
        "{services}的可用率与延迟",
    ),
    "own-reckoning": (
        "reckoned by the console",
        "由主控台計算",
        "由控制台计算",
    ),
    "by-query": ("query", "查詢", "查询"),
    "by-hand": ("by hand", "人工填寫", "人工填写"),
    "alerts-from": (
        "Alerts and responses: their episodes, from the sources named here",
        "告警與回應：取自此處所列來源的告警紀錄",
        "告警与响应：取自此处所列来源的告警记录",
    ),
    "papers-from": (
        "Incidents and changes: the journal",
        "事件與變更：日誌",
        "事件与变更：日志",
    ),
    "was-due": ("due {at}", "期限 {at}", "期限 {at}"),
    "until": ("until {at}", "至 {at} 止", "至 {at} 止"),
    "also-in-json": (
        "The JSON form has every figure in full precision, and every query.",
        "JSON 檔載有全部數值的完整精度與全部查詢語句。",
        "JSON 文件载有全部数值的完整精度与全部查询语句。",
    ),
    # Charts.
    "chart-strip": (
        "Each cell is a service on a day. Sign and pattern tell how it was; a mark on the right "
        "tells of incidents (!) and changes (C) of that service.",
        "每格為一項服務的一天，以符號與花紋表示狀況；格內右側的驚嘆號為事件，C 為變更。",
        "每格为一项服务的一天，以符号与花纹表示状况；格内右侧的感叹号为事件，C 为变更。",
    ),
    "chart-bars": (
        "Availability against the objective, worst first; the scale begins at {least}.",
        "可用率與目標，最差者在前；刻度自 {least} 起。",
        "可用率与目标，最差者在前；刻度自 {least} 起。",
    ),
    "chart-alerts": (
        "Alerts by day, with incidents and changes that began on it",
        "逐日告警數，並標示當日開始的事件與變更",
        "逐日告警数，并标示当日开始的事件与变更",
    ),
    "legend-clean": ("no downtime", "無停機", "无停机"),
    "legend-some": ("downtime, within the objective", "有停機，未低於目標", "有停机，未低于目标"),
    "legend-missed": ("that day below the objective", "當日低於目標", "当日低于目标"),
    "legend-lacking": ("not enough data", "資料不足", "数据不足"),
    "legend-excluded": ("all excluded", "全部排除", "全部排除"),
    "legend-future": ("not yet", "尚未到", "尚未到"),
    "legend-unjudged": ("downtime, no objective", "有停機，未設目標", "有停机，未设目标"),
    "cell-title": (
        "{day}: availability {availability}, coverage {coverage}, downtime {downtime}",
        "{day}：可用率 {availability}，涵蓋率 {coverage}，停機 {downtime}",
        "{day}：可用率 {availability}，覆盖率 {coverage}，停机 {downtime}",
    ),
    "day-title": (
        "{day}: {alerts}, incidents {incidents}, changes {changes}",
        "{day}：{alerts}，事件 {incidents}，變更 {changes}",
        "{day}：{alerts}，事件 {incidents}，变更 {changes}",
    ),
    "bar-title": (
        "{service}: availability {availability}, coverage {coverage}, objective {target}",
        "{service}：可用率 {availability}，涵蓋率 {coverage}，目標 {target}",
        "{service}：可用率 {availability}，覆盖率 {coverage}，目标 {target}",
    ),
    "contents": ("Contents", "目錄", "目录"),
}
