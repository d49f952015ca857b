"""The Vietnamese sentence for every finding: short, for a clerk, in the words of the trade."""

from __future__ import annotations

from signing.report import Finding

_SENTENCES = {
    # the signature itself
    "byte_range": "Vùng dữ liệu được ký khai báo sai; không biết chữ ký bảo vệ phần nào của tệp.",
    "coverage": "Chữ ký không bao trùm trọn vẹn phiên bản văn bản được ký.",
    "digest_mismatch": "Nội dung văn bản đã bị thay đổi so với lúc ký.",
    "signature_mismatch": "Giá trị chữ ký không khớp với chứng thư số của người ký.",
    "malformed_signature": "Dữ liệu chữ ký bị hỏng, không đọc được.",
    "attributes_unordered": "Dữ liệu chữ ký được mã hóa sai chuẩn nên mỗi nơi xét một khác.",
    "not_indirect": "Chữ ký đặt sai quy cách trong tệp nên chưa kiểm tra được.",
    "changed_after": "Văn bản bị thay đổi trái phép sau khi ký.",
    "subfilter_unsupported": "Chữ ký thuộc định dạng chưa hỗ trợ nên chưa kiểm tra được.",
    "algorithm_unsupported": "Chữ ký dùng thuật toán chưa hỗ trợ nên chưa kiểm tra được.",
    "certificate_missing": "Chữ ký không kèm chứng thư số của người ký.",
    "certificate_malformed": "Chứng thư số của người ký được mã hóa sai chuẩn.",
    "too_many_certificates": "Chữ ký kèm quá nhiều chứng thư số nên không kiểm tra.",
    "too_complex": "Tệp quá phức tạp nên chưa kiểm tra được hết các thay đổi.",
    "painted_over": "Chữ ký thêm sau có hình che lên nội dung đã được ký.",
    "hidden_picture": "Chữ ký thêm sau có hình không hiện như nhau ở mọi nơi nên chưa xét được.",
    "later_unverified": "Có chữ ký thêm sau chưa xác minh được là của ai; hãy hỏi lại nơi gửi.",
    "field_changed": "Ô trong biểu mẫu bị thay đổi sau khi ký.",
    # the document
    "resources_exhausted": "Tệp đòi hỏi quá nhiều thời gian hoặc bộ nhớ nên dừng kiểm tra.",
    "too_many_signatures": "Tệp có quá nhiều chữ ký nên không kiểm tra.",
    "changed_after_last": "Có nội dung được thêm sau chữ ký cuối cùng mà không ai ký.",
    "bytes_after_last": "Có dữ liệu lạ nối thêm sau chữ ký cuối cùng.",
    "unsigned": "Tệp không có chữ ký số.",
    "only_timestamp": "Tệp chỉ có dấu thời gian, không có chữ ký số.",
    "fill_mismatch": "Số hoặc ngày trong tệp không khớp với sổ đăng ký.",
    "passed": "Mọi chữ ký số đều hợp lệ, văn bản còn nguyên vẹn.",
    # trust, by EN 319 102-1 sub-indication
    "NO_CERTIFICATE_CHAIN_FOUND": "Chứng thư số không thuộc nguồn tin cậy đã cấu hình.",
    "TRY_LATER": "Chưa kiểm tra được trạng thái thu hồi của chứng thư số (thiếu CRL/OCSP).",
    "REVOKED": "Chứng thư số đã bị thu hồi trước thời điểm ký.",
    "REVOKED_NO_POE": "Chứng thư số đã bị thu hồi; không có bằng chứng là đã ký trước khi thu hồi.",
    "REVOKED_CA_NO_POE": "Chứng thư số của tổ chức chứng thực đã bị thu hồi.",
    "OUT_OF_BOUNDS_NO_POE": "Chứng thư số hết hạn hoặc chưa có hiệu lực tại thời điểm xét.",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": "Thuật toán hoặc độ dài khóa không đủ an toàn.",
    "CHAIN_CONSTRAINTS_FAILURE": "Chứng thư số không được cấp cho mục đích ký văn bản.",
    "TIMESTAMP_ORDER_FAILURE": "Các dấu thời gian mâu thuẫn nhau về thời điểm ký.",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": "Không xác minh được chuỗi chứng thư số.",
    # what a revision did
    "original": "Văn bản ban đầu.",
    "signed": "Thêm chữ ký số.",
    "timestamped": "Thêm dấu thời gian.",
    "validation_data": "Thêm dữ liệu xác minh chữ ký.",
    "fields_filled": "Điền số, ngày vào ô dành sẵn.",
    "field_added": "Thêm ô ký.",
    "metadata": "Cập nhật thông tin mô tả tệp.",
    "nothing": "Không thay đổi nội dung.",
    "unexplained": "Thay đổi không giải thích được.",
    # worth knowing
    "lenient": "Tệp PDF không hoàn toàn đúng chuẩn; đã đọc ở chế độ dung sai.",
    "time_unproven": "Thời gian ký do người ký tự khai, không có dấu thời gian tin cậy.",
    "time_untrusted": "Dấu thời gian kèm theo không xác minh được.",
    "development": "Chứng thư số dùng cho phát triển, không có giá trị pháp lý.",
    "active_script": "Tệp có mã JavaScript. Đừng cho phép chạy khi mở tệp.",
    "active_action": "Tệp có lệnh mở chương trình, mở tệp khác hoặc gửi dữ liệu đi."
    " Đừng cho phép khi trình xem hỏi.",
    "active_attachment": "Trong tệp có đính kèm tệp khác. Hãy kiểm tra trước khi mở tệp đính kèm.",
    "active_media": "Tệp có âm thanh, phim hoặc hình 3D; trình xem có thể hiển thị khác nhau.",
    "active_form": "Tệp có biểu mẫu XFA; trình xem có thể hiển thị khác nhau.",
    "not_pades": "Chữ ký số không theo chuẩn PAdES.",
}


def finding(code: str) -> Finding:
    """The finding with this code. Raises KeyError for a code that has no sentence."""
    return Finding(code, _SENTENCES[code])
