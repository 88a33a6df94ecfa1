"""The languages in which documents are written, and the console's own words in each."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final


class Language(enum.StrEnum):
    """BCP 47."""

    ENGLISH = "en"
    TRADITIONAL_CHINESE = "zh-Hant"
    SIMPLIFIED_CHINESE = "zh-Hans"


def language_of(tag: str) -> Language | None:
    """The language that a tag such as `zh-TW` or `zh_CN.UTF-8` means; `None`: none of these."""
    words = tag.split(".")[0].replace("_", "-").lower().split("-")
    if words[0] == "en":
        return Language.ENGLISH
    if words[0] != "zh":
        return None
    if "hant" in words or ("hans" not in words and {"tw", "hk", "mo"} & set(words)):
        return Language.TRADITIONAL_CHINESE
    return Language.SIMPLIFIED_CHINESE


_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    # Headings of incidents, in the order of 3 a.m.
    "facts": ("At a glance", "摘要", "摘要"),
    "what": ("What", "何事（What）", "何事（What）"),
    "where": ("Where", "何處（Where）", "何处（Where）"),
    "when": ("When", "何時（When）", "何时（When）"),
    "who": ("Who", "何人（Who）", "何人（Who）"),
    "how": ("How", "如何（How）", "如何（How）"),
    "why": ("Why", "為何（Why）", "为何（Why）"),
    "impact": ("Impact", "影響", "影响"),
    "trigger": ("Trigger", "觸發原因", "触发原因"),
    "factors": ("Contributing factors", "促成因素", "促成因素"),
    "resolution": ("Resolution", "解決方式", "解决方式"),
    "went-well": ("What went well", "做得好的地方", "做得好的地方"),
    "went-badly": ("What went badly", "做得不好的地方", "做得不好的地方"),
    "luck": ("Where we were lucky", "僥倖之處", "侥幸之处"),
    "not-done": ("Decided against", "決定不做的事", "决定不做的事"),
    "actions": ("Action items", "改善事項", "改进事项"),
    "timeline": ("Timeline", "時間軸", "时间线"),
    "attachments": ("Attachments", "附件", "附件"),
    # Headings of changes.
    "plan": ("Plan", "計畫", "计划"),
    "reason": ("Reason", "變更原因", "变更原因"),
    "change": ("What changes", "變更內容", "变更内容"),
    "evidence": ("Test evidence", "測試證據", "测试证据"),
    "result": ("Result", "結果", "结果"),
    "notes": ("Notes", "備註", "备注"),
    # What stands in front of a value.
    "state": ("State", "狀態", "状态"),
    "severity": ("Severity", "嚴重程度", "严重程度"),
    "services": ("Services", "服務", "服务"),
    "hosts": ("Hosts", "主機", "主机"),
    "environment": ("Environment", "環境", "环境"),
    "lead": ("Lead", "負責人", "负责人"),
    "scribe": ("Scribe", "記錄人", "记录人"),
    "liaison": ("Liaison", "對外聯絡人", "对外联络人"),
    "reporter": ("Reported by", "通報人", "报告人"),
    "participants": ("Participants", "參與者", "参与者"),
    "users": ("Users affected", "受影響的使用者", "受影响的用户"),
    "failed-requests": ("Failed requests", "失敗的請求", "失败的请求"),
    "budget": ("Error budget spent", "消耗的錯誤預算", "消耗的错误预算"),
    "sla": ("SLA breached", "違反 SLA", "违反 SLA"),
    "started": ("Started", "開始", "开始"),
    "detected": ("Detected", "發現", "发现"),
    "acknowledged": ("Acknowledged", "確認", "确认"),
    "mitigated": ("Mitigated", "緩解", "缓解"),
    "resolved": ("Resolved", "解決", "解决"),
    "closed": ("Closed", "結案", "结案"),
    "ended": ("Ended", "結束", "结束"),
    "ttd": ("Time to detect (TTD)", "發現時間（TTD）", "发现时间（TTD）"),
    "tta": ("Time to acknowledge (TTA)", "確認時間（TTA）", "确认时间（TTA）"),
    "ttm": ("Time to mitigate (TTM)", "緩解時間（TTM）", "缓解时间（TTM）"),
    "ttr": ("Time to resolve (TTR)", "解決時間（TTR）", "解决时间（TTR）"),
    "post-mortem": ("Post-mortem held", "檢討會議", "复盘会议"),
    "changes": ("Changes", "相關變更", "相关变更"),
    "kind": ("Kind", "類型", "类型"),
    "author": ("Author", "提出人", "提出人"),
    "executor": ("Executor", "執行人", "执行人"),
    "reviewer": ("Reviewer", "審查人", "审查人"),
    "approved-by": ("Approved by", "核准人", "批准人"),
    "risk": ("Risk", "風險", "风险"),
    "window": ("Window", "變更時段", "变更时段"),
    "steps": ("Steps", "步驟", "步骤"),
    "runbook": ("Runbook", "操作手冊", "操作手册"),
    "version": ("Version", "版本", "版本"),
    "downtime": ("Expected downtime", "預期停機時間", "预期停机时间"),
    "expected-alerts": ("Expected alerts", "預期告警", "预期告警"),
    "rollback": ("Rollback", "復原方式", "回滚方式"),
    "rollback-trigger": ("Roll back when", "復原條件", "回滚条件"),
    "verification": ("Verification", "驗證", "验证"),
    "acceptance": ("Acceptance by", "驗收人", "验收人"),
    "incidents": ("Incidents", "相關事件", "相关事件"),
    "runs": ("Runbook runs", "操作手冊執行", "操作手册执行"),
    # Of the transcript of a run.
    "subject": ("About", "對象", "对象"),
    "console": ("Console", "主控台", "控制台"),
    "parameters": ("Parameters", "參數", "参数"),
    "digest": ("Version of the runbook", "操作手冊版本", "操作手册版本"),
    "attempt": ("Attempt", "執行", "执行"),
    "took": ("Took", "耗時", "耗时"),
    "exit": ("Exit", "結束碼", "退出码"),
    "tries": ("Tries", "嘗試次數", "尝试次数"),
    "conditions": ("Conditions", "條件", "条件"),
    "output": ("Output, its end", "輸出（末尾）", "输出（末尾）"),
    "bytes": ("bytes in all", "位元組（全部）", "字节（全部）"),
    "verified-by": ("Verified by", "驗證步驟", "验证步骤"),
    "older": ("older attempts are left out", "次較早的執行已省略", "次较早的执行已省略"),
    "holds": ("holds", "成立", "成立"),
    "fails": ("fails", "不成立", "不成立"),
    "yours": (
        "What people write below the next line stays; above it the console writes.",
        "下一行之後由人填寫，會保留；之前由主控台產生。",
        "下一行之后由人填写，会保留；之前由控制台生成。",
    ),
    # Of the daily inspection.
    "inspection": ("Daily inspection", "每日巡檢", "每日巡检"),
    "inspected": ("Items", "檢查項目", "检查项目"),
    "as-it-should": ("ok", "正常", "正常"),
    "not-as-it-should": ("not ok", "異常", "异常"),
    # Of a review of noisy alerts.
    "noise-what": (
        "Alerts that ask for attention more often than they need it; nothing was down.",
        "這些告警過於頻繁；沒有服務中斷。",
        "这些告警过于频繁；没有服务中断。",
    ),
    "noise-why": (
        "Their rules, thresholds or grouping: see the noise of that week's summary.",
        "規則、門檻或分組所致：見該週摘要的雜訊表。",
        "规则、阈值或分组所致：见该周摘要的噪声表。",
    ),
    # What was done, in an account of it.
    "by-alert": ("noticed by alert", "由告警發現", "由告警发现"),
    "by-user": ("reported by a user", "由使用者回報", "由用户反馈"),
    "by-other": ("noticed without an alert", "未經告警發現", "非告警发现"),
    "acked": ("acknowledged", "確認告警", "确认告警"),
    "unacked": ("no longer acknowledged", "確認失效", "确认失效"),
    "handed over": ("handed over", "交接", "交接"),
    "silenced": ("silenced", "靜音告警", "静默告警"),
    "unsilenced": ("silence ended", "靜音結束", "静默结束"),
    "undone": ("undone", "撤銷操作", "撤销操作"),
    "storm": ("alert storm", "告警風暴", "告警风暴"),
    "release": ("release", "版本更新", "版本更新"),
    "shell": ("shell", "登入主機", "登录主机"),
    "note": ("note", "記事", "记事"),
    "update": ("status update", "狀態更新", "状态更新"),
    "of-change": ("change", "變更", "变更"),
    "step": ("runbook step", "操作手冊步驟", "操作手册步骤"),
    "rest": ("more stand in the timeline", "筆請見時間軸", "条请见时间线"),
    # What stands in the place of a value.
    "yes": ("yes", "是", "是"),
    "no": ("no", "否", "否"),
    "none": ("none", "無", "无"),
    "unknown": ("not known", "未知", "未知"),
    "nobody": ("nobody yet", "尚無", "尚无"),
    "due": ("due", "期限", "期限"),
    "done": ("done", "完成", "完成"),
    "evidence-link": ("evidence", "證據", "证据"),
    "more": ("earlier ones are left out", "筆較早的紀錄已省略", "条较早的记录已省略"),
}
_COLUMN: Final = {
    Language.ENGLISH: 0,
    Language.TRADITIONAL_CHINESE: 1,
    Language.SIMPLIFIED_CHINESE: 2,
}


def word(key: str, language: Language) -> str:
    """What `key` is called in `language`; plain text without meaning to Markdown."""
    return _WORDS[key][_COLUMN[language]]
